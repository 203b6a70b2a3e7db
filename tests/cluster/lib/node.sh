# shellcheck shell=bash
# The node of the full cluster: network, mounts, cgroup, containerd, kubelet, kube-proxy.
#
# Network: one namespace for the control plane and the node, joined to the machine by a veth pair.
# Mounts: one namespace, which the process "holder" keeps. The mounts of kubelet and containerd are
# visible only in it and disappear with it. /tmp/hostpath_pv has a fixed path, so it is bound there
# to a folder of this cluster.

readonly POD_NETWORK=10.244.0.0/24
readonly NODE=node1

in_containerd() { command ctr --address "$RUN/containerd.sock" --namespace k8s.io "$@"; }

# free_subnet: prints the first unused 10.213.N of this machine. The search starts at a number that
# depends on NAME.
free_subnet() {
  local start n
  start=$(($(cksum <<<"$NAME" | cut -d ' ' -f 1) % 254))
  for n in $(seq "$start" 253) $(seq 0 "$start"); do
    if [[ -z "$(ip -4 -o address show to "10.213.$n.0/24")" ]]; then
      echo "10.213.$n"
      return
    fi
  done
  die "no free network between 10.213.0.0/24 and 10.213.253.0/24"
}

make_network() {
  local address
  ip netns add "$NETNS"
  ip link add "$LINK" type veth peer name eth0 netns "$NETNS"
  ip address add "$SUBNET.1/24" dev "$LINK"
  ip link set "$LINK" up
  for address in "127.0.0.1/8 dev lo" "$SUBNET.2/24 dev eth0"; do
    # shellcheck disable=SC2086
    ip -n "$NETNS" address replace $address
    ip -n "$NETNS" link set "${address##* }" up
  done
  ip -n "$NETNS" route add default via "$SUBNET.1"
  # "ip netns exec" would mount a new /sys, in which the kubelet finds no cgroups.
  nsenter --net="/run/netns/$NETNS" sysctl -q -w net.ipv4.ip_forward=1 \
    net.ipv4.conf.all.route_localnet=1
}

# hold_mounts: starts the process that keeps the mount namespace, and sets ENTER, the command that
# enters both namespaces.
hold_mounts() {
  mkdir -p "$RUN/volumes" /tmp/hostpath_pv
  define holder unshare --mount --propagation private bash -c \
    "mount --make-rshared / && mount --bind '$RUN/volumes' /tmp/hostpath_pv && exec sleep infinity"
  start holder
  await "the mount namespace is there" 10 holder grep -q " /tmp/hostpath_pv " \
    "/proc/$(pid_of holder)/mountinfo"
  HOLDER=$(pid_of holder)
  ENTER=(nsenter --mount="/proc/$HOLDER/ns/mnt" ${NETNS:+--net="/run/netns/$NETNS"} --)
}

# cgroup_parents: prints the folders that need a new cgroup: each hierarchy (v1), or the only one
# (v2).
cgroup_parents() {
  if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
    echo /sys/fs/cgroup
  else
    find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d
  fi
}

make_cgroup() {
  local parent file
  for parent in $(cgroup_parents); do
    mkdir -p "$parent/$NETNS"
    for file in cpuset.cpus cpuset.mems; do # v1: without them a new cgroup accepts no process
      if [[ -f $parent/$file && ! -f $parent/cgroup.controllers ]]; then
        cat "$parent/$file" >"$parent/$NETNS/$file"
      fi
    done
  done
}

define_containerd() {
  mkdir -p "$RUN/cni" "$RUN/registries"
  cat >"$RUN/cni/10-bridge.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "$NETNS", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$RUN/cni/addresses",
            "ranges": [[{"subnet": "$POD_NETWORK"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
  cat >"$RUN/containerd.toml" <<TOML
version = 2
root = "$RUN/containerd/root"
state = "$RUN/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.btrfs"]
[grpc]
  address = "$RUN/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.9"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$RUN/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$RUN/registries"
TOML
  define containerd "${ENTER[@]}" containerd --config "$RUN/containerd.toml" --log-level warn
}

define_kubelet() {
  cat >"$RUN/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  x509: {clientCAFile: $RUN/pki/ca.crt}
  anonymous: {enabled: false}
  webhook: {enabled: true}
authorization: {mode: Webhook}
tlsCertFile: $RUN/pki/kubelet.crt
tlsPrivateKeyFile: $RUN/pki/kubelet.key
containerRuntimeEndpoint: unix://$RUN/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$NETNS
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: [pods]
# Tolerates what a container or a small virtual machine does not allow, like lowering oom_score_adj.
featureGates: {KubeletInUserNamespace: true, KubeletCrashLoopBackOffMax: true}
crashLoopBackOff: {maxContainerRestartPeriod: 5s}
evictionHard: {memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
imageMaximumGCAge: 0s
serializeImagePulls: false
registryPullQPS: 0
eventRecordQPS: 0
syncFrequency: 10s
nodeStatusUpdateFrequency: 5s
volumeStatsAggPeriod: 10s
volumePluginDir: $RUN/kubelet/plugins-exec
podLogsDir: $RUN/pods
clusterDNS: [$ADDRESS]
clusterDomain: cluster.local
resolvConf: "$RUN/resolv.conf"
YAML
  echo "nameserver $ADDRESS" >"$RUN/resolv.conf"
  define kubelet "${ENTER[@]}" "$(tool_path kubelet)" --config "$RUN/kubelet.yaml" \
    --kubeconfig "$RUN/kubelet.kubeconfig" --hostname-override "$NODE" --node-ip "$ADDRESS" \
    --root-dir "$RUN/kubelet" --cert-dir "$RUN/kubelet/pki"
}

define_proxy() {
  cat >"$RUN/kube-proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $RUN/kube-proxy.kubeconfig}
mode: $PROXY_MODE
hostnameOverride: $NODE
clusterCIDR: $POD_NETWORK
iptables: {minSyncPeriod: 100ms}
nftables: {minSyncPeriod: 100ms}
conntrack: {maxPerCore: 0, min: 0}
YAML
  define kube-proxy "${ENTER[@]}" "$(tool_path kube-proxy)" --config "$RUN/kube-proxy.yaml"
}

# define_dns: CoreDNS serves the cluster's names on the node's address; other names do not exist.
define_dns() {
  cat >"$RUN/Corefile" <<CONF
cluster.local in-addr.arpa {
  bind $ADDRESS
  errors
  kubernetes {
    kubeconfig $RUN/coredns.kubeconfig
    ttl 1
  }
}
. {
  bind $ADDRESS
  template ANY ANY {
    rcode NXDOMAIN
  }
}
CONF
  define coredns "${ENTER[@]}" "$(tool_path coredns)" -conf "$RUN/Corefile"
}

load_images() {
  local archive
  for archive in "$@"; do
    in_containerd images import --digests=false "$archive" >>"$RUN/log/images.log" 2>&1 ||
      die "cannot load $archive: $(tail -n 1 "$RUN/log/images.log")"
    say "loaded $(basename "$archive")"
  done
}

start_node() {
  local image
  new_identity kube-scheduler system:kube-scheduler
  new_identity kube-proxy system:kube-proxy
  new_identity coredns system:coredns
  issue kubelet "/O=system:nodes/CN=system:node:$NODE" "IP:$ADDRESS,DNS:$NODE"
  kubeconfig kubelet >"$RUN/kubelet.kubeconfig"
  make_cgroup
  define_scheduler
  define_containerd
  define_kubelet
  define_proxy
  define_dns
  kubectl create clusterrole test-dns --verb list,watch \
    --resource services,namespaces,endpointslices.discovery.k8s.io >/dev/null
  kubectl create clusterrolebinding test-dns --clusterrole test-dns --user system:coredns >/dev/null
  start kube-scheduler
  start coredns
  start containerd
  await "containerd is ready" 30 containerd in_containerd version
  load_images "$CACHE/images/pause.tar"
  start kubelet
  start kube-proxy
  for image in busybox registry buildkit operator; do
    [[ ! -f $CACHE/images/$image.tar ]] || load_images "$CACHE/images/$image.tar"
  done
  await "the node is registered" 60 kubelet kubectl get node "$NODE"
  await "the node is ready" 60 kubelet \
    kubectl wait --for=condition=Ready "node/$NODE" --timeout=1s
  await "the default service account is there" 30 kube-controller-manager \
    kubectl get serviceaccount default
}

# kill_containers: kills the shims of this cluster's containerd, and every process of a pod.
kill_containers() {
  local pid parent
  for pid in $(pgrep -f "containerd-shim.* -address $RUN/containerd.sock"); do
    kill -KILL "$pid" 2>/dev/null || true
  done
  for parent in $(cgroup_parents); do
    [[ -d $parent/$NETNS ]] || continue
    # shellcheck disable=SC2038 # cat prints process ids, not names
    find "$parent/$NETNS" -name cgroup.procs -exec cat {} + 2>/dev/null |
      xargs --no-run-if-empty kill -KILL 2>/dev/null || true
  done
}

remove_cgroup() {
  local parent try
  for parent in $(cgroup_parents); do
    for try in 1 2 3 4 5 6 7 8 9 10; do
      [[ -d $parent/$NETNS ]] || break
      find "$parent/$NETNS" -depth -type d -exec rmdir {} + 2>/dev/null && break
      sleep 0.2
    done
  done
}

remove_node() {
  kill_containers
  destroy containerd
  destroy holder
  remove_cgroup
  ip netns delete "$NETNS" 2>/dev/null || true
  ip link delete "$LINK" 2>/dev/null || true
  # The empty /tmp/hostpath_pv stays, because removing it would unmount it in another cluster's
  # namespace.
}
