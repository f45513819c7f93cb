"""Starts moto's server on a free port with an empty bucket, and prints the port."""

import time

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
address = f"http://127.0.0.1:{port}"
keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
boto3.client("s3", endpoint_url=address, region_name="us-east-1", **keys).create_bucket(Bucket="deck")
print(port, flush=True)
while True:
    time.sleep(60)
