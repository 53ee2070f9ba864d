# syntax=docker/dockerfile:1

# jumun as a container: the release binary and nothing of its build, as an ordinary numeric user, on a root that may be
# read-only.
#
#   docker build -t jumun .
#   docker run --rm jumun token me --role operator      # its token, and below that its hash
#   docker run --rm -p 127.0.0.1:8080:8080 -v jumun-data:/data -e JUMUN_TOKEN=me:operator:HASH:until=DAY jumun

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
# The caches are kept between builds; what is copied out is not in them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin jumun \
    && install -D -m 0755 target/release/jumun /out/jumun \
    && install -d -m 0755 -o 10001 -g 10001 /out/data

# Debian rather than distroless: the health check needs a shell, and `jumun verify` and `jumun load` are wanted here too.
FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="jumun" \
      org.opencontainers.image.description="An actor-based concurrent order processor for flash sales" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /out/jumun /usr/local/bin/jumun
# By whom a rediss:// server is trusted unless it is told otherwise; the slim image has none.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# Where the embedded default writes; with DATABASE_URL and REDIS_URL set, nothing is written.
COPY --from=build --chown=10001:10001 /out/data /data
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/jumun/
# Numeric, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /data
ENV JUMUN_LISTEN=0.0.0.0:8080
EXPOSE 8080
# SIGTERM lets the lanes finish their batch and give their leases back.
STOPSIGNAL SIGTERM
# By the port that the server was told, by this variable.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${JUMUN_LISTEN##*:} && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r -t 2 line <&3 && [[ $line == *' 200 '* ]]"]
ENTRYPOINT ["/usr/local/bin/jumun"]
CMD ["serve"]
