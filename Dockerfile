# Keyferry in a container, as keyferry aws stack runs it: the native program, nothing else that listens, no root.
#
#   docker build -t keyferry .
#   docker run --rm -v keyferry-state:/state -e KEYFERRY_SOURCE=redis://old -e KEYFERRY_TARGET=redis://new keyferry
#
# Arguments are keyferry's own; without any, tools/container-entrypoint runs the migration that the environment describes.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN apt-get update \
    && tools/publish \
    && mkdir -p /out \
    && cp artifacts/native/linux-*/keyferry /out/keyferry

FROM mcr.microsoft.com/dotnet/runtime-deps:10.0
RUN groupadd --gid 10001 keyferry \
    && useradd --uid 10001 --gid 10001 --no-create-home keyferry \
    && mkdir /state \
    && chown keyferry:keyferry /state
COPY --from=build /out/keyferry /usr/local/bin/keyferry
COPY tools/container-entrypoint /usr/local/bin/container-entrypoint
USER 10001
WORKDIR /state
VOLUME /state
ENTRYPOINT ["/usr/local/bin/container-entrypoint"]
