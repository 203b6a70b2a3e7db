# shellcheck shell=bash
# Defines etcd, kube-apiserver, kube-controller-manager and kube-scheduler. The caller sets ENTER
# (the command that enters the cluster's namespaces; empty in light mode), ADDRESS, the ports and
# EXTRA_FLAGS of the API server.

write_audit_policy() {
  cat >"$RUN/audit-policy.yaml" <<'YAML'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, verbs: [get, list, watch]}
- {level: Metadata}
YAML
}

define_etcd() {
  local client="http://127.0.0.1:$ETCD_PORT" peer="http://127.0.0.1:$ETCD_PEER_PORT"
  define etcd "${ENTER[@]}" "${LOCAL_REGISTRY_ETCD:-etcd}" --data-dir "$RUN/etcd" \
    --unsafe-no-fsync --logger zap --log-level warn \
    --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
    --initial-cluster "default=$peer"
}

define_apiserver() {
  local pki="$RUN/pki" flags=()
  read -r -a flags <<<"${EXTRA_FLAGS[*]} ${LOCAL_REGISTRY_APISERVER_FLAGS:-}"
  define kube-apiserver "${ENTER[@]}" "$(tool_path kube-apiserver)" \
    --etcd-servers "http://127.0.0.1:$ETCD_PORT" \
    --bind-address "$LISTEN" --advertise-address "$ADDRESS" --secure-port "$API_PORT" \
    --service-cluster-ip-range "$SERVICE_NETWORK" --cert-dir "$RUN/pki" \
    --tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" \
    --client-ca-file "$pki/ca.crt" --authorization-mode Node,RBAC \
    --service-account-issuer https://kubernetes.default.svc \
    --service-account-key-file "$pki/service-account.pub" \
    --service-account-signing-key-file "$pki/service-account.key" \
    --kubelet-client-certificate "$pki/apiserver.crt" --kubelet-client-key "$pki/apiserver.key" \
    --kubelet-preferred-address-types InternalIP \
    --enable-admission-plugins NodeRestriction --allow-privileged \
    --feature-gates ImageVolume=true \
    --audit-policy-file "$RUN/audit-policy.yaml" --audit-log-path "$RUN/audit.log" \
    --audit-log-maxsize 1000 --profiling=false "${flags[@]}"
}

# The provisioner makes folders with mode 0750 that belong to the manager's user, so the manager
# runs as uid 1000, like the pods of the tests. CAP_DAC_OVERRIDE lets it read the keys and delete
# files of pods.
define_controller_manager() {
  local as=() provision=() flags=()
  read -r -d '' -a flags <<<"${LOCAL_REGISTRY_MANAGER_FLAGS:-}" || true
  if [[ -n ${HOLDER:-} ]]; then
    as=(setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps "-all,+dac_override"
      --ambient-caps "+dac_override")
    provision=(--enable-hostpath-provisioner)
  fi
  define kube-controller-manager "${ENTER[@]}" "${as[@]}" "$(tool_path kube-controller-manager)" \
    --kubeconfig "$RUN/kube-controller-manager.kubeconfig" --leader-elect=false --secure-port 0 \
    --use-service-account-credentials --root-ca-file "$RUN/pki/ca.crt" \
    --service-account-private-key-file "$RUN/pki/service-account.key" \
    --cluster-signing-cert-file "$RUN/pki/ca.crt" --cluster-signing-key-file "$RUN/pki/ca.key" \
    --node-monitor-period 1s --node-monitor-grace-period 20s \
    --pvclaimbinder-sync-period 2s "${provision[@]}" "${flags[@]}"
}

define_scheduler() {
  define kube-scheduler "${ENTER[@]}" "$(tool_path kube-scheduler)" --leader-elect=false \
    --kubeconfig "$RUN/kube-scheduler.kubeconfig" --secure-port 0
}

kubectl() { command "$(tool_path kubectl)" --kubeconfig "$RUN/admin.kubeconfig" "$@"; }

start_api() {
  say "making certificates"
  new_authority
  issue apiserver "/O=system:masters/CN=kube-apiserver" \
    "IP:$ADDRESS,IP:127.0.0.1,IP:$SERVICE_ADDRESS,DNS:localhost,DNS:kubernetes.default.svc"
  new_identity admin admin system:masters
  write_audit_policy
  define_etcd
  define_apiserver
  start etcd
  start kube-apiserver
  await "kube-apiserver is ready" 60 kube-apiserver kubectl get --raw /readyz
  kubectl apply -f "$CLUSTER_SOURCE/storage-classes.yaml" >/dev/null
}

start_controllers() {
  new_identity kube-controller-manager system:kube-controller-manager
  define_controller_manager
  start kube-controller-manager
}
