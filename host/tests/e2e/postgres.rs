//! A PostgreSQL of the tests' own, as the commands are told of it.

#[expect(dead_code, reason = "other tests wait for processes that they killed")]
#[path = "../../src/archive/postgres/testing.rs"]
mod testing;

use std::future::Future;

pub(crate) use testing::Server;

/// The address of an empty database.
pub(crate) fn database() -> String {
    database_of(Server::shared())
}

pub(crate) fn database_of(server: &Server) -> String {
    let told = wait(server.database());
    let part = |name: &str| told.split(' ').find_map(|part| part.strip_prefix(name)).unwrap().to_owned();
    // A socket's folder takes the host's place.
    let folder = part("host=").replace('/', "%2F");
    format!("postgres://{}@{folder}/{}", part("user="), part("dbname="))
}

pub(crate) fn execute(address: &str, sql: &str) {
    wait(async { testing::connect(address).await.batch_execute(sql).await.unwrap() });
}

/// Rows of a table; none while it is not there.
pub(crate) fn count(address: &str, table: &str) -> i64 {
    wait(async {
        let client = testing::connect(address).await;
        let row = client.query_one(&format!("select count(*) from {table}"), &[]).await;
        row.map_or(0, |row| row.get(0))
    })
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
