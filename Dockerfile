# syntax=docker/dockerfile:1
#
# Pillion as an image: plain JavaScript, production dependencies, no shell needed, no root.
#
#   docker build -t pillion .
#   docker run -e UPSTREAM=http://host:8000 -p 8080:8080 pillion
#   docker run -v ./pillion.yaml:/etc/pillion/pillion.yaml:ro -p 8080:8080 pillion
#
# BASE is pinned by version; pass another (a mirror, a digest, an offline copy) with --build-arg BASE=…
ARG BASE=node:26.10.0-bookworm-slim

FROM ${BASE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY tools/node tools/node
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY tools/build.ts tools/build.ts
COPY src src
RUN npm run build \
 && npm ci --ignore-scripts --omit=dev --omit=optional \
 && npm sbom --package-lock-only --sbom-format=cyclonedx --omit=dev --omit=optional > sbom.cdx.json

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Pillion" \
      org.opencontainers.image.description="A caching reverse proxy that rides along with one backend" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
COPY LICENSE /usr/share/doc/pillion/
COPY --from=build /build/sbom.cdx.json /usr/share/doc/pillion/
COPY --from=build /build/package.json /opt/pillion/
COPY --from=build /build/node_modules /opt/pillion/node_modules
COPY --from=build /build/dist /opt/pillion/dist
# Where pillion.yaml is looked for. Mount the folder rather than the file where it may change:
# a mounted file never shows its successor.
WORKDIR /etc/pillion
USER 65532:65532
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
# Asks /livez at whatever address the configuration gives the admin listener.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["node", "/opt/pillion/dist/cli/health-check.js"]
ENTRYPOINT ["node", "/opt/pillion/dist/cli/main.js"]
CMD ["serve"]
