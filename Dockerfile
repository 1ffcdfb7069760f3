# isomorph in a container: the static binary and nothing that it does not need.
# The sandbox wants user namespaces; doc/docker.md says which options allow them.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /isomorph ./cmd/isomorph

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git \
	&& rm -rf /var/lib/apt/lists/* \
	&& useradd --create-home --uid 1000 isomorph
COPY --from=build /isomorph /usr/local/bin/isomorph
USER isomorph
ENTRYPOINT ["isomorph"]
