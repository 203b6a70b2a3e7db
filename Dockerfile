# The operator's image has the program, its libraries and an unprivileged user, and no shell.
#   docker build --tag local-registry-operator .
# BASE and SNAPSHOT pin every package, so that the same sources give the same image. Move both
# forward together: the snapshot must not be older than the base.
ARG BASE=debian:bookworm-20260824-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171
FROM $BASE AS build

# The day of Debian's archive from which packages are installed. If it is empty, the base image's
# apt sources are used.
ARG SNAPSHOT=20260824T000000Z
RUN [ -z "$SNAPSHOT" ] || { rm -f /etc/apt/sources.list.d/* \
 && for suite in debian/$SNAPSHOT=bookworm debian/$SNAPSHOT=bookworm-updates \
      debian-security/$SNAPSHOT=bookworm-security; do \
      echo "deb [check-valid-until=no] http://snapshot.debian.org/archive/${suite%=*} ${suite#*=} main"; \
    done >/etc/apt/sources.list; }

# The group `build` of tests/cluster/packages.sh without the packages for tests, and the CAs for the
# image.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      g++ cmake ninja-build ccache pkg-config libboost1.81-dev libboost-url1.81-dev libssl-dev \
      rapidjson-dev libyaml-cpp-dev libyaml-dev liblz4-dev prometheus-cpp-dev libcli11-dev libspdlog-dev libfmt-dev \
      ca-certificates \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /source
COPY CMakeLists.txt CMakePresets.json ./
COPY controller controller
# As in the Makefile, so that a mounted /ccache also has the results of builds outside of the image.
ENV CCACHE_DIR=/ccache CCACHE_BASEDIR=/source CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content
RUN cmake --preset release -DBUILD_TESTS=OFF \
 && cmake --build --preset release --target local-registry-operator

# /image gets the libraries that are linked dynamically, if any, the CAs for verifying registries,
# and the licences of all linked libraries.
RUN mkdir -p /image/etc/ssl/certs \
 && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
 && strip -o /image/local-registry-operator build/release/local-registry-operator \
 && for library in $(ldd /image/local-registry-operator | grep -o '/[^ ]*'); do \
      mkdir -p "/image${library%/*}" && cp -L "$library" "/image$library" || exit; \
    done \
 && for package in libboost1.81-dev libcli11-dev libfmt-dev liblz4-dev libspdlog-dev libssl-dev \
      libyaml-cpp-dev libyaml-dev prometheus-cpp-dev rapidjson-dev \
      ca-certificates libc6 libgcc-s1 libstdc++6; do \
      mkdir -p "/image/usr/share/doc/$package" \
       && cp -L "/usr/share/doc/$package/copyright" "/image/usr/share/doc/$package/" || exit; \
    done \
 && echo 'operator:x:65532:65532::/:/sbin/nologin' >/image/etc/passwd \
 && echo 'operator:x:65532:' >/image/etc/group \
 && echo 'hosts: files dns' >/image/etc/nsswitch.conf

FROM scratch
LABEL org.opencontainers.image.title="local-registry-operator"
COPY --from=build /image /
USER 65532:65532
EXPOSE 8080 8081 9443
ENTRYPOINT ["/local-registry-operator"]
