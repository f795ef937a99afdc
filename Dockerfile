# Builds the page and the binary from source. Glasshouse listens on loopback only, so the container
# uses the network of the host:
#   docker build -t glasshouse .
#   docker run --network host -v glasshouse:/var/lib/glasshouse glasshouse
FROM node:24-trixie-slim AS page
WORKDIR /source
COPY . .
RUN npm ci --no-audit --no-fund \
    && for package in sdk/web ui; do npm run build --workspace "$package"; done

FROM rust:1-trixie AS binary
RUN apt-get update && apt-get install --yes --no-install-recommends make
WORKDIR /source
COPY . .
COPY --from=page /source/ui/dist ui/dist
RUN cargo build --profile dist --locked --package glasshouse --no-default-features

FROM debian:trixie-slim
RUN useradd --system --uid 10001 --no-create-home glasshouse \
    && install --directory --owner glasshouse --mode 0700 /var/lib/glasshouse
COPY --from=binary /source/target/dist/glasshouse /usr/local/bin/glasshouse
USER glasshouse
VOLUME /var/lib/glasshouse
ENV GLASSHOUSE_DATA=/var/lib/glasshouse
ENTRYPOINT ["glasshouse"]
