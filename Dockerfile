# syntax=docker/dockerfile:1
# docs/install.md says how to use the image; scripts/prove-dockerfile runs every step without an engine.

FROM --platform=$BUILDPLATFORM node:22-bookworm-slim AS web
WORKDIR /src/host/web
COPY host/web/package.json host/web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY host/web ./
RUN npm run build

# Plugins are the same on every architecture: they are built once, on the builder's own.
FROM --platform=$BUILDPLATFORM rust:1.95-slim-bookworm AS plugins
# The image's own toolchain is the one that rust-toolchain.toml names, without rustfmt and clippy.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /src
COPY rust-toolchain.toml ./
COPY scripts/need scripts/need
RUN scripts/need rust-wasm
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,id=tapedeck-plugins \
    scripts/build-plugins /out \
    && rm -r /out/fixtures

FROM rust:1.95-slim-bookworm AS binary
ARG TARGETARCH
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /src
COPY . .
COPY --from=web /src/host/web/dist host/web/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,id=tapedeck-binary-$TARGETARCH \
    cargo build --locked --release -p tapedeck \
    && install -D -m 755 target/release/tapedeck /out/tapedeck

# Jobs of kind `command` run programs: a base with a shell and coreutils, not an empty one.
FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="Tapedeck" \
      org.opencontainers.image.description="Runs jobs on cron schedules and on events, with a web page" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tini tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -m 750 -o 1000 -g 1000 /data
COPY --from=binary /out/tapedeck /usr/local/bin/tapedeck
COPY --from=plugins /out /usr/share/tapedeck/plugins
COPY --chmod=755 scripts/docker/entrypoint /usr/local/bin/tapedeck-entrypoint

ENV HOME=/data \
    TAPEDECK_CONFIG=/data/config.toml \
    TAPEDECK__SERVER__LISTEN=0.0.0.0:8484 \
    TAPEDECK__PLUGIN_HOST__BUNDLED_FOLDER=/usr/share/tapedeck/plugins
WORKDIR /data
VOLUME /data
EXPOSE 8484
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --start-interval=1s --retries=3 \
    CMD ["tapedeck", "health"]
ENTRYPOINT ["tini", "--", "tapedeck-entrypoint"]
CMD ["run"]
