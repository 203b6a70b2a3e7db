// This file has every bound of the program, with its unit. It contains only constants.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/backoff.h"

namespace limits {

using namespace std::chrono_literals;

// base/: how many characters of untrusted text a message quotes (base/text/quote.h)
inline constexpr std::size_t kShownCharacters = 80;       // of a value
inline constexpr std::size_t kShownPathCharacters = 256;  // of a file name
inline constexpr std::size_t kReportCharacters = 1024;    // of a report by a server or program

// json/
inline constexpr std::size_t kJsonDepth = 64;                // levels of arrays and objects
inline constexpr std::size_t kYamlBytes = 4 << 20;           // of one YAML document
inline constexpr std::size_t kYamlNodes = 200'000;           // values after aliases are expanded
inline constexpr std::size_t kYamlExpandedBytes = 16 << 20;  // of scalars after the expansion
// The following bounds hold for a scan that finds values to edit in place (json/text/scalars.h).
// The scanned text may have any size.
inline constexpr std::size_t kScalarDepth = 256;             // levels of mappings and sequences
inline constexpr std::size_t kScalarBytes = 16 << 20;        // of text between two values
inline constexpr std::size_t kScalarKeyBytes = 256;          // a longer key counts as empty
inline constexpr std::size_t kScalarAnchorBytes = 1 << 20;   // memory for the anchors of a document
inline constexpr std::size_t kScalarWindowBytes = 64 << 10;  // of text searched for one value

// api/
inline constexpr std::size_t kImageReferenceBytes = 4096;
// Bytes of one AdmissionReview. etcd stores at most 1.5 MiB of an object, and the review of an
// UPDATE contains two objects, the old and the new one.
inline constexpr std::size_t kAdmissionBytes = 4 << 20;
inline constexpr std::size_t kAdmissionValues = 20'000;         // JSON values kept of one review
inline constexpr std::size_t kAdmissionPatchBytes = 128 << 10;  // the JSON patch of one answer
inline constexpr std::size_t kAdmissionReviewBytes = 12 << 20;  // memory for one parsed review
inline constexpr std::size_t kAnnotationsBytes = 256 << 10;  // all of one object: the API's limit

// kube/: an object takes up to 1.5 MiB in etcd, and its JSON text can be several times as large.
// While the text arrives, a sieve keeps only the fields that the operator reads
// (json/sieve/sieve.h). Bounds that are marked as "decoded" count only these fields.
inline constexpr std::size_t kObjectBytes = 64 << 10;           // one object, decoded
inline constexpr std::size_t kRegistryObjectBytes = 512 << 10;  // one LocalRegistry, decoded
inline constexpr std::size_t kSecretBytes = 256 << 10;          // one Secret, decoded
inline constexpr std::size_t kMetadataBytes = 32 << 10;         // metadata of one object, decoded
inline constexpr std::size_t kListElementBytes = 16 << 10;      // one list of an object, decoded
inline constexpr std::size_t kJsonKeyBytes = 512;        // of one key; the sieve drops longer ones
inline constexpr std::size_t kWatchLineBytes = 2 << 20;  // one watch event
inline constexpr std::size_t kResponseBytes = 64 << 20;  // one answer, for example a list
inline constexpr std::size_t kErrorBytes = 256 << 10;    // one answer with an error status
// Bytes of packed objects that each cache may hold. The end of this file adds them to all other
// memory.
inline constexpr std::size_t kRegistryCacheBytes = 12 << 20;  // LocalRegistries
inline constexpr std::size_t kNamespaceCacheBytes = 4 << 20;  // Namespaces
inline constexpr std::size_t kChildCacheBytes = 5 << 20;      // each kind of child, and Pods
// Bytes that one cached object takes in tables, in indexes and in the work queue.
inline constexpr std::size_t kCacheEntryBytes = 120;
// While a cache is more than half full, one namespace may use 1/kCacheShare of its bytes.
inline constexpr std::size_t kCacheShare = 16;
inline constexpr std::size_t kObjectsOfOwner = 6;     // children of one kind, per LocalRegistry
inline constexpr std::size_t kObjectsOfIndex = 1024;  // of one index key, unpacked at once
// A live read of the children of one kind fails after this many pages without a child of the
// LocalRegistry.
inline constexpr std::size_t kPagesOfChildren = 16;
// Of the LocalRegistries that want the same name, a reconcile compares at most kRivals. As many are
// reconciled again when the name becomes free.
inline constexpr std::size_t kRivals = 64;
inline constexpr std::size_t kDeclaredImages = 4096;  // of one namespace, for the webhook
// The unpacked form of an object is kept only if its packed form has at most this many bytes.
inline constexpr std::size_t kRememberedBytes = 1536;
inline constexpr std::size_t kHeaderBytes = 64 << 10;  // status line and headers of one answer
inline constexpr std::size_t kUnpackedObjects = 16;    // kept unpacked by one cache
inline constexpr std::size_t kDictionaryBytes = 4096;  // compression dictionary of one cache
inline constexpr int kListPage = 500;                  // objects in one page of a list
inline constexpr std::size_t kConnections = 16;        // to the API server, besides watches
inline constexpr auto kConnectTimeout = 10s;           // TCP and TLS
inline constexpr auto kRequestTimeout = 30s;           // every request but a watch
inline constexpr auto kIdleConnection = 60s;           // after this, an idle connection is closed
// The timeoutSeconds of a watch is a random time from kMinWatchTimeout to kMaxWatchTimeout.
inline constexpr auto kMinWatchTimeout = 5min;
inline constexpr auto kMaxWatchTimeout = 10min;
// A watch counts as broken after this time without an event. Bookmarks come about once a minute.
inline constexpr auto kWatchSilence = 100s;
inline constexpr auto kTcpUserTimeout = 25s;    // how long sent data may be unacknowledged
inline constexpr auto kTcpKeepAliveIdle = 10s;  // idle time before the first probe
inline constexpr auto kTcpKeepAliveProbe = 5s;  // between two probes
inline constexpr auto kTokenReload = 30s;       // between two reads of a token file
inline constexpr std::size_t kCredentialBytes = 1 << 20;    // a file with a token, key or CAs
inline constexpr std::size_t kReadBytes = 16 << 10;         // of one read; as large as a TLS record
inline constexpr std::size_t kStreamChunkBytes = 64 << 10;  // bytes of a watch decoded at once
inline constexpr std::size_t kBytesBeforeYield = 256 << 10;  // read before other coroutines may run
inline constexpr int kInterimResponses = 8;                  // 1xx answers before the final one
inline constexpr base::BackoffPolicy kWatchBackoff = {800ms, 30s, 2min};
inline constexpr auto kMaxRetryAfter = 2min;  // a longer Retry-After is shortened to this
inline constexpr auto kLeaseDuration = 15s;
inline constexpr auto kLeaseRenewDeadline = 10s;
inline constexpr auto kLeaseRetry = 2s;
inline constexpr auto kLeaseRequestTimeout = 5s;          // two requests fit into the deadline
inline constexpr auto kLeaseReleaseTimeout = 1s;          // short, because the exit waits for it
inline constexpr auto kExecPluginTimeout = 60s;           // credential plugin of a kubeconfig
inline constexpr std::size_t kExecPluginBytes = 1 << 20;  // output of a credential plugin
// An OIDC token of a kubeconfig counts as expired this long before its expiry.
inline constexpr auto kIdTokenMargin = 10s;
inline constexpr std::size_t kChildInputBytes = 4 << 10;  // standard input of a child process
// The interval at which a child process is polled for its end where the kernel does not support
// pidfd_open(2).
inline constexpr std::chrono::milliseconds kChildPollInterval = 20ms;
inline constexpr auto kExecPluginRetry = 5s;      // pause after a failed credential plugin
inline constexpr std::size_t kEventQueue = 1000;  // unsent events; further ones are dropped
// The operator writes Events about one object at most kEventSeriesBurst times in
// kEventSeriesWindow.
inline constexpr int kEventSeriesBurst = 10;
inline constexpr auto kEventSeriesWindow = 10min;
inline constexpr auto kEventFlush = 1s;               // time at exit to send the queued events
inline constexpr std::size_t kEventNoteBytes = 1024;  // of one Event: the API's limit
// The number of event series in memory. When it is reached, the older half is forgotten.
inline constexpr std::size_t kEventSeries = 4096;
inline constexpr int kEventTries = 5;  // tries to send one event

// registry/
inline constexpr std::size_t kDockerConfigBytes = 1 << 20;  // the largest that a Secret can have
inline constexpr std::size_t kChallenges = 16;              // in one WWW-Authenticate header
inline constexpr std::size_t kUrlBytes = 8 << 10;           // of a Location header or a token realm
inline constexpr std::size_t kHostBytes = 253;              // of a DNS name
inline constexpr std::size_t kTokenBytes = 32 << 10;        // a token is sent with every request
inline constexpr int kRedirects = 5;                        // followed for one request
inline constexpr std::size_t kRegistryHeaderBytes = 64 << 10;
inline constexpr std::size_t kRegistryBodyBytes = 1 << 20;  // any answer but a manifest
inline constexpr std::size_t kCheckBodyBytes = 128 << 10;   // an answer to a push check
inline constexpr std::size_t kTokenValues = 1000;     // JSON values in a token server's answer
inline constexpr auto kRegistryConnectTimeout = 10s;  // TCP and TLS
inline constexpr auto kRegistryRequestTimeout = 15s;
inline constexpr auto kPushCheckTimeout = 30s;  // whole check, including the upload that it cancels
inline constexpr auto kUploadCancelTimeout = 5s;  // DELETE of an upload that is not completed
inline constexpr auto kTokenLife = 60s;  // of a token without expires_in: the protocol's default
// A new token is requested this long before the old one expires.
inline constexpr auto kTokenMargin = 10s;
inline constexpr std::size_t kUploads = 4;                  // blobs uploaded at once
inline constexpr std::size_t kUploadReadBytes = 256 << 10;  // of one read of a file
inline constexpr auto kUploadSilence = 60s;          // a try fails after this time without progress
inline constexpr auto kUploadCommitTimeout = 10min;  // long: the registry verifies the whole blob
// The upload of a blob or manifest fails after this many consecutive attempts without progress.
inline constexpr int kUploadTries = 6;
inline constexpr base::BackoffPolicy kUploadBackoff = {500ms, 10s, 2min};
inline constexpr std::size_t kManifestBytes = 4 << 20;      // the limit of common registries
inline constexpr int kIndexDepth = 4;                       // levels of nested image indexes
inline constexpr std::size_t kImageParts = 10'000;          // manifests and blobs of one push
inline constexpr std::size_t kArchiveEntries = 100'000;     // files in a tar
inline constexpr std::size_t kArchiveNameBytes = 64 << 10;  // extended header of one tar entry
inline constexpr std::size_t kWholeBlobBytes = 1 << 20;     // a larger blob is sent in pieces

// crypto/
inline constexpr std::size_t kAuthorities = 16;  // certificates read from one PEM text
// The validity of a certificate begins this long before its creation, for clients with slow clocks.
inline constexpr auto kCertificateBackdate = 5min;
// The longest time until all replicas and API servers have received a new certificate.
inline constexpr auto kCertificatePropagation = 10min;
// The delay after each step of a certificate renewal, such as "add a CA" or "issue a certificate".
inline constexpr auto kCertificatePause = 1s;
inline constexpr auto kCertificateCheck = 1h;  // longest delay until the next check
inline constexpr auto kCertificateValidity = 90 * 24h;
inline constexpr auto kMinCertificateValidity = 10s;
inline constexpr auto kMaxCertificateValidity = 5 * 365 * 24h;

// runtime/
// A failed key is reconciled again after a delay. The delay doubles with each consecutive failure,
// from kRetryFirst to kMaxRetryDelay, or to kMaxTransientRetryDelay after a transient error
// (base::Error).
inline constexpr auto kRetryFirst = 5ms;
inline constexpr auto kMaxRetryDelay = 1000s;
inline constexpr auto kMaxTransientRetryDelay = 30s;
inline constexpr int kConflictsToWarn = 5;  // consecutive conflicts of one key that cause a warning
// A key may be reconciled kPaceBurst times in a row, then once every kPaceInterval.
inline constexpr int kPaceBurst = 20;
inline constexpr auto kPaceInterval = 250ms;
inline constexpr std::size_t kPacedKeys = 4096;  // tracked keys; others are not delayed
inline constexpr std::size_t kMaxWorkers = 256;  // maximum of --max-concurrent-reconciles
inline constexpr auto kMaxAlarmDelay = 1h;       // longest sleep of a ClockAlarm
// While more than kBacklog keys wait for a worker, the event loop pauses between two polls. The
// pause is 1/kBacklogShare of the average duration of a reconcile, but at most kMaxBacklogPause.
inline constexpr std::size_t kBacklog = 32;
inline constexpr int kBacklogShare = 10;
inline constexpr auto kMaxBacklogPause = 5ms;
// At each kTrimInterval, the operator may return unused memory to the kernel. It returns free heap
// memory if its amount has changed by at least kTrimHeapBytes since the last return. It returns the
// pages of mapped code if at least kTrimMappedBytes of mapped files are resident and the process
// used at most kTrimQuiet of CPU time in the interval.
inline constexpr auto kTrimInterval = 5s;
inline constexpr auto kTrimQuiet = 250ms;
inline constexpr std::size_t kTrimHeapBytes = 256 << 10;
inline constexpr std::size_t kTrimMappedBytes = 3 << 20;
inline constexpr std::size_t kMetricSeries = 64;  // of a metric with untrusted label values
inline constexpr std::size_t kLabelBytes = 128;   // of one label value

// serve/: these bounds hold for each server.
inline constexpr std::size_t kServeConnections = 128;           // open at once
inline constexpr std::size_t kServeConnectionsPerAddress = 96;  // open at once, of one client
inline constexpr std::size_t kServeConnectionsServed = 96;      // see ConnectionLimits::served
inline constexpr std::size_t kServeHeaderBytes = 16 << 10;      // the head of one request
inline constexpr std::size_t kServeHeaderFields = 100;          // header fields of one request
inline constexpr std::size_t kServeReadBytes = 4 << 10;         // of the first read of a request
inline constexpr std::size_t kServeSmallBodyBytes = 32 << 10;   // a larger body needs the turn
inline constexpr std::size_t kServeBodyBytes = 8 << 20;         // of all bodies together
inline constexpr std::size_t kServeAnswerBytes = 2 << 20;       // of all answers being sent
inline constexpr int kServeSocketBytes = 64 << 10;  // kernel buffer of a connection, each direction
// The time for which a connection without a request is kept while other clients wait for a slot. It
// is long enough to serve a burst of honest clients on a busy node.
inline constexpr auto kServeKeepTime = 250ms;
inline constexpr auto kServeSilentKeepTime = 50ms;  // for a connection that has sent nothing
inline constexpr auto kServeWait = 400ms;           // longest wait for a slot, see ConnectionLimits
inline constexpr auto kServeHandshake = 2s;         // from accept to the end of the TLS handshake
inline constexpr auto kServeHead = 2s;              // to receive the whole head of a request
inline constexpr auto kServeLargeBody = 500ms;      // to read one large body, which has the turn
inline constexpr auto kServeLargeWait = 1s;         // how long a large body waits for the turn
// While others wait, a large body keeps the turn for kServeLargeKeepTime. An address that has used
// the turn for less than kServeLargeCredit lately keeps it longer, by the difference. Each
// kServeLargeRate bytes that arrive add a millisecond (serve/large_body_queue.h).
inline constexpr auto kServeLargeKeepTime = 20ms;
inline constexpr auto kServeLargeCredit = 30ms;
inline constexpr int kServeLargeRate = 32 << 10;
// The time for which a client address has used the turn decays with this half-life, and is dropped
// below kServeUsageForgotten. This bound is shorter than the keep time, even when as many
// connections wait as possible.
inline constexpr std::chrono::milliseconds kServeUsageHalfLife = 5s;
inline constexpr auto kServeUsageForgotten = 3ms;
inline constexpr auto kServeTimeout = 5s;      // to read a small body, or to write an answer
inline constexpr auto kServeTlsShutdown = 1s;  // for the peer to end TLS
inline constexpr auto kServeIdle = 120s;       // between requests; Go's HTTP clients wait 90 s
inline constexpr auto kAcceptPause = 1s;       // after a failed accept
// Each connection may hold kServeSmallBodyBytes of a body; only the one with the turn may hold
// more.
static_assert(kServeConnections * kServeSmallBodyBytes + kAdmissionBytes <= kServeBodyBytes);
// The largest number of client addresses with a used time of kServeUsageForgotten or more. The used
// times of all addresses add up to at most half-life / ln 2; one address reaches this sum if it
// always has the turn.
inline constexpr std::size_t kServeUsageAddresses =
    kServeUsageHalfLife * 1443 / 1000 / kServeUsageForgotten;

// reconcile/
inline constexpr std::size_t kImageMessageBytes = 1024;  // the limit in the CRD
// A field that was healed kHealsInWindow times in kHealWindow, or kContestedWrites times in
// kContestedWindow, becomes contested.
inline constexpr std::size_t kHealsInWindow = 6;
inline constexpr auto kHealWindow = 10min;
// For one intent, an object with a contested field is written at most kContestedWrites times in
// kContestedWindow.
inline constexpr std::size_t kContestedWrites = 10;
// Of these, the writes that only a Service gets whose pod is not ready and has to be published.
inline constexpr std::size_t kContestedWritesReserved = 1;
inline constexpr auto kContestedWindow = 1h;
inline constexpr auto kContestFirstRetry = 5min;  // the first delay; it doubles with each try
inline constexpr auto kContestLastRetry = 1h;     // the longest delay between tries
// The first retry of a contest that an earlier process has recorded in the status.
inline constexpr auto kContestAdoptedRetry = 10min;
inline constexpr std::size_t kContestedFields = 16;  // of one object; further ones are not kept
inline constexpr std::size_t kHealedFields = 32;     // of one LocalRegistry, with times of heals
inline constexpr std::size_t kContestedNamed = 3;    // fields of one object that a message names
// The bytes that are kept of a contested field's path and of its field manager's name, in the write
// history and in messages.
inline constexpr std::size_t kOverriddenBytes = 96;
inline constexpr std::size_t kOverridingManagerBytes = 64;
// Up to this size, a pod template is recorded as a whole in an annotation; of a larger template, a
// hash is recorded. The caches must have room for the annotation.
inline constexpr std::size_t kRecordedTemplateBytes = 12 << 10;
static_assert(kRecordedTemplateBytes < kMetadataBytes / 2);
// The bytes of a container's termination message that a condition shows.
inline constexpr std::size_t kTerminationMessageBytes = 256;
// A container that has run for this time after a crash no longer counts as crashing: the kubelet
// resets its back-off then.
inline constexpr auto kCrashMemory = 10min;
// The Service publishes a pod that is not ready once the sidecar has kept the pod from being ready
// for kSidecarPublishDelay. The Service stops publishing pods that are not ready once the pod has
// been ready for kSidecarUnpublishDelay. That is as long as kCrashMemory, so that a sidecar that
// fails again and again causes few writes.
inline constexpr auto kSidecarPublishDelay = 15s;
inline constexpr std::chrono::seconds kSidecarUnpublishDelay = kCrashMemory;
// The first bytes of a kubelet's message about a failed pull that are read, and those of the
// runtime's own text that a message of the operator contains.
inline constexpr std::size_t kPullMessageBytes = 4096;
inline constexpr std::size_t kRuntimeTextBytes = 256;
// A pair is one node and one registry. Up to kProvenPairs pairs, each gets a probe. Above that,
// every node is probed with one registry, and every registry on kRegistryNodes nodes.
inline constexpr std::size_t kProvenPairs = 500;
inline constexpr std::size_t kRegistryNodes = 3;
inline constexpr std::size_t kPullProbes = 20;            // at once; the default of a flag
inline constexpr std::size_t kPullProbesPerSecond = 10;   // created
inline constexpr auto kPullQueueTime = 60s;               // until a waiting pull proves nothing
inline constexpr auto kPullProbeTime = 300s;              // from the creation of a probe to its end
inline constexpr auto kPullConfirmation = 10s;            // between a failure and the second try
inline constexpr auto kFailedPullFirstRetry = 30s;        // the first delay; it doubles
inline constexpr auto kInconclusivePullFirstRetry = 60s;  // the same, if nothing was proven
inline constexpr auto kPullLastRetry = 30min;             // the longest delay of both
inline constexpr auto kPullCheckInterval = 24h;           // the default of a flag
// If the first kPullProbes probes fail alike, further ones wait for a success or this time.
inline constexpr auto kPullBreakerTime = 5min;
inline constexpr auto kNodeNotReadyTime = 5min;  // after it, a node that is not ready is skipped
inline constexpr std::size_t kFailingNodesNamed = 10;  // in the status of a LocalRegistry
inline constexpr std::size_t kPullReasons = 16;        // in the status of a LocalRegistry

// operator/
inline constexpr std::size_t kPushChecks = 8;              // run at once
inline constexpr std::size_t kPushChecksPerNamespace = 4;  // run at once for one namespace
inline constexpr std::size_t kPushChecksPerHost = 4;       // run at once at one registry
inline constexpr std::size_t kQueuedPushChecks = 4096;
inline constexpr std::size_t kQueuedPushChecksPerNamespace = 1024;
// The number of push checks with their answers, and of push Secret names, that are kept in memory.
// One namespace may have kPushAnswersPerNamespace of them while less than half of kPushAnswers are
// in use, and kMinPushAnswersPerNamespace otherwise.
inline constexpr std::size_t kPushAnswers = 4096;
inline constexpr std::size_t kPushAnswersPerNamespace = 1024;
inline constexpr std::size_t kMinPushAnswersPerNamespace = 128;
inline constexpr auto kServiceNetworkCheck = 10min;  // between two reads of the Service network
inline constexpr base::BackoffPolicy kPushRetry = {20s, 10min, 24h};  // after the answer Unknown
inline constexpr auto kPushRecheck = 10min;                           // after the answer Denied
inline constexpr int kPassesPerReconcile = 6;                         // of gather, plan and execute
inline constexpr auto kPassesTime = 30s;  // of a reconcile; after that, no new pass begins
inline constexpr std::size_t kWriteHistories = 4096;  // LocalRegistries with a write history
// The bytes of all write histories together. When this bound is reached, the histories of a
// namespace that uses more than 1/kCacheShare of the bytes are dropped first.
inline constexpr std::size_t kWriteHistoryBytes = 1280 << 10;
inline constexpr auto kReconcileTimeout = 2min;
inline constexpr auto kWebhookDrain = 4s;  // the webhook still serves for this time after SIGTERM
inline constexpr auto kShutdown = 8s;      // from SIGTERM to exit
inline constexpr auto kNodeCheck = 60s;    // between two checks for a KinD cluster
// A node port that was just released is requested again after a delay, which doubles from
// kNodePortFirstRetry to kNodePortLastRetry.
inline constexpr std::chrono::milliseconds kNodePortFirstRetry = 25ms;
inline constexpr std::chrono::milliseconds kNodePortLastRetry = 800ms;
inline constexpr auto kNodeRetry = 2s;  // after a failed read of Nodes or of the Service network
inline constexpr auto kConflictCheck = 15s;  // between two checks for a foreign object
inline constexpr auto kRefusedRetry = 30s;   // after a write that was refused
// The operator reads events to find out why a StatefulSet has no pod. The delay between two reads
// is a quarter of the time since the last change of the StatefulSet, but at least kPodRefusalFirst
// and at most kPodRefusalLast.
inline constexpr auto kPodRefusalFirst = 2s;
inline constexpr auto kPodRefusalLast = 10min;
inline constexpr auto kPodRefusalRetry = 10s;  // after a failed or postponed read
inline constexpr std::chrono::milliseconds kPodRefusalTimeout = 5s;
inline constexpr std::size_t kPodRefusalReads = 4;              // run at once
inline constexpr std::size_t kPodRefusalReadsPerNamespace = 2;  // run at once for one namespace
inline constexpr int kPodRefusalEvents = 16;                    // returned by one read
inline constexpr std::size_t kPodRefusalEventBytes = 8 << 10;   // of one event, decoded
inline constexpr std::size_t kConditionMessageBytes = 1024;

// cli/
inline constexpr auto kCredentialHelperTimeout = 30s;            // a helper may ask the user
inline constexpr std::size_t kCredentialHelperBytes = 64 << 10;  // output of a helper
inline constexpr auto kDaemonSilence = 10min;  // podman writes an image to disk before it sends it
inline constexpr std::size_t kDaemonReadBytes = 256 << 10;
inline constexpr auto kForwardStart = 30s;   // until kubectl port-forward listens
inline constexpr auto kForwardRestart = 1s;  // pause before kubectl port-forward is restarted
inline constexpr auto kForwardCheck = 2s;    // between two checks of the pod
inline constexpr auto kForwardLost = 60s;    // without a pod to forward to; after it the push fails
inline constexpr int kPushRounds = 3;        // tries of one push while pods are replaced
inline constexpr auto kReachTimeout = 3s;    // until localhost:<nodePort> answers
// The largest duration that a flag accepts.
inline constexpr std::chrono::milliseconds kMaxFlagDuration = 7 * 24h;
inline constexpr std::chrono::milliseconds kCompletionTimeout = 2s;  // of a shell completion
inline constexpr std::size_t kRewriteMemoryBytes = 8 << 20;  // of piped input; more goes to disk
// The number of values that may be between the `registry:` and the `repository:` of one mapping.
inline constexpr std::size_t kRewriteSiblingValues = 4096;
inline constexpr std::size_t kRewriteWarnings = 100;  // of one text; further ones are only counted
inline constexpr std::size_t kRewriteEmbeddedBytes = 64 << 10;  // of one value, searched for images
inline constexpr std::size_t kSpecImages = 64;       // of a LocalRegistry: the limit in the CRD
inline constexpr std::size_t kSpecImageTags = 16;    // of one image in the spec
inline constexpr std::size_t kSpecImageBytes = 512;  // image reference in the spec
inline constexpr std::size_t kSpecTagBytes = 128;

// The memory that users of the cluster can make the operator use must fit into the memory limit of
// the chart. The sum below is the worst case: every part is at its maximum at the same time.
// tests/e2e/memory_test.py checks that the program stays within the limit. The values are bytes,
// except for three counts.
namespace memory {

inline constexpr std::size_t kLimit = 128 << 20;  // the limit in charts/…/values.yaml
inline constexpr std::size_t kWorkers = 8;        // --max-concurrent-reconciles
inline constexpr std::size_t kWatches = 7;     // of LocalRegistries, Namespaces, children and Pods
inline constexpr std::size_t kChildKinds = 5;  // Pods included
inline constexpr std::size_t kProgram = 6 << 20;  // the idle program: measured, plus a margin
inline constexpr std::size_t kCaches =
    kRegistryCacheBytes + kNamespaceCacheBytes + kChildKinds * kChildCacheBytes;
inline constexpr std::size_t kFragments = kCaches / 8;  // fragmentation of the heap
// The unpacked form of an object takes up to 32 times the bytes of its packed form.
inline constexpr std::size_t kUnpacked = kWatches * kUnpackedObjects * kRememberedBytes * 32;
// One reconcile holds its LocalRegistry, the children, their Pods, and children to be deleted.
inline constexpr std::size_t kReconcile = kRegistryObjectBytes + 4 * kObjectBytes +
                                          kObjectsOfOwner * kObjectBytes +
                                          4 * kObjectsOfOwner * kMetadataBytes;
// Only one watch event, answer or AdmissionReview is decoded at a time. A review takes most.
inline constexpr std::size_t kDecoding = kAdmissionReviewBytes;
inline constexpr std::size_t kStreams =
    kWatches * (2 * kStreamChunkBytes + kObjectBytes) + 2 * kRegistryObjectBytes;
inline constexpr std::size_t kPushCheck = 2 * kSecretBytes + 2 * kCheckBodyBytes + (200 << 10);
inline constexpr std::size_t kPushMemory = kPushChecks * kPushCheck + kPushAnswers * 1200;
inline constexpr std::size_t kEvents = kEventQueue * 2 * kEventNoteBytes + kEventSeries * 512;
inline constexpr std::size_t kHistories = kWriteHistoryBytes;
// Each reconcile may read the managedFields of one object. Some also read events.
inline constexpr std::size_t kOtherReads =
    kWorkers * kMetadataBytes + kPodRefusalReads * kPodRefusalEvents * kPodRefusalEventBytes;
// The connections of the webhook, the metrics and the probes, with their TLS state, requests and
// answers.
inline constexpr std::size_t kServe = kServeConnections * ((40 << 10) + 3 * (20 << 10)) +
                                      kServeUsageAddresses * 128 + kServeBodyBytes +
                                      kServeAnswerBytes;

static_assert(kProgram + kCaches + kFragments + kUnpacked + kWorkers * kReconcile + kDecoding +
                  kStreams + kPushMemory + kEvents + kHistories + kOtherReads + kServe <=
              kLimit);

}  // namespace memory

}  // namespace limits
