# shellcheck shell=bash
# Makes certificates and kubeconfigs below $RUN/pki. Sourced after common.sh; the caller sets $RUN
# and $SERVER.

readonly DAYS=365

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

new_authority() {
  mkdir -p "$RUN/pki"
  new_key "$RUN/pki/ca.key"
  openssl req -x509 -new -key "$RUN/pki/ca.key" -days "$DAYS" -subj "/CN=local-registry-test" \
    -out "$RUN/pki/ca.crt"
  new_key "$RUN/pki/service-account.key"
  openssl pkey -in "$RUN/pki/service-account.key" -pubout -out "$RUN/pki/service-account.pub"
}

# issue NAME SUBJECT [ALTERNATIVE_NAMES]: makes $RUN/pki/NAME.crt and .key, for clients and servers.
issue() {
  local base="$RUN/pki/$1"
  new_key "$base.key"
  openssl req -new -key "$base.key" -subj "$2" -out "$base.csr"
  openssl x509 -req -in "$base.csr" -CA "$RUN/pki/ca.crt" -CAkey "$RUN/pki/ca.key" \
    -set_serial "0x$(openssl rand -hex 8)" -days "$DAYS" -out "$base.crt" 2>/dev/null \
    -extfile <(echo "extendedKeyUsage=clientAuth,serverAuth"
      [[ -z ${3:-} ]] || echo "subjectAltName=$3")
  rm "$base.csr"
}

# kubeconfig NAME: prints a kubeconfig with NAME's certificate and all other data inline.
kubeconfig() {
  cat <<YAML
apiVersion: v1
kind: Config
clusters:
- name: $NAME
  cluster:
    server: $SERVER
    certificate-authority-data: $(base64 -w 0 "$RUN/pki/ca.crt")
users:
- name: $1
  user:
    client-certificate-data: $(base64 -w 0 "$RUN/pki/$1.crt")
    client-key-data: $(base64 -w 0 "$RUN/pki/$1.key")
contexts:
- name: $1@$NAME
  context: {cluster: $NAME, user: $1}
current-context: $1@$NAME
YAML
}

# new_identity FILE USER [GROUP]: makes a certificate for the user, and its $RUN/FILE.kubeconfig.
new_identity() {
  issue "$1" "${3:+/O=$3}/CN=$2"
  kubeconfig "$1" >"$RUN/$1.kubeconfig"
}
