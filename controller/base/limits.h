// Every bound of the program, with its unit, in one place. Constants only.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/backoff.h"

namespace limits {

using namespace std::chrono_literals;

// base/
inline constexpr std::size_t kShownCharacters = 80;       // of a value that a message shows
inline constexpr std::size_t kShownPathCharacters = 256;  // of the name of a file
inline constexpr std::size_t kReportCharacters = 1024;    // of what a server or program reports

// json/
inline constexpr std::size_t kJsonDepth = 64;                // nested arrays and objects
inline constexpr std::size_t kYamlBytes = 4 << 20;           // bytes of one YAML document
inline constexpr std::size_t kYamlNodes = 200'000;           // values, aliases expanded
inline constexpr std::size_t kYamlExpandedBytes = 16 << 20;  // of scalars, aliases expanded
// Of a text whose values are changed in place; it may be of any size itself.
inline constexpr std::size_t kScalarDepth = 256;             // nested mappings and sequences
inline constexpr std::size_t kScalarBytes = 16 << 20;        // one value, and what is before it
inline constexpr std::size_t kScalarKeyBytes = 256;          // longer keys are not looked at
inline constexpr std::size_t kScalarAnchorBytes = 1 << 20;   // names of the anchors of a document
inline constexpr std::size_t kScalarWindowBytes = 64 << 10;  // from a value's tag to its text

// api/
inline constexpr std::size_t kImageReferenceBytes = 4096;  // a reference to an image
// An AdmissionReview. An object has at most 1.5 MiB in etcd, and the review of an UPDATE has two.
inline constexpr std::size_t kAdmissionBytes = 4 << 20;
inline constexpr std::size_t kAdmissionValues = 20'000;         // values of it that are looked at
inline constexpr std::size_t kAdmissionPatchBytes = 128 << 10;  // the JSON patch in the answer
inline constexpr std::size_t kAdmissionReviewBytes = 12 << 20;  // of memory for one, its text aside
inline constexpr std::size_t kAnnotationsBytes = 256 << 10;  // of one object: the API's own bound

// kube/: an object has up to 1.5 MiB in etcd, and several times that as JSON. Of an answer only
// the fields that are read are kept while its bytes come (json/sieve.h); these count what is kept.
inline constexpr std::size_t kObjectBytes = 64 << 10;           // one object, decoded
inline constexpr std::size_t kRegistryObjectBytes = 512 << 10;  // one LocalRegistry, decoded
inline constexpr std::size_t kSecretBytes = 256 << 10;          // one Secret, decoded
inline constexpr std::size_t kMetadataBytes = 32 << 10;         // the metadata in any of them
inline constexpr std::size_t kListElementBytes = 16 << 10;      // the elements of one list in it
inline constexpr std::size_t kJsonKeyBytes = 512;               // a longer key is left out
inline constexpr std::size_t kWatchLineBytes = 2 << 20;         // one watch event
inline constexpr std::size_t kResponseBytes = 64 << 20;         // one answer, a whole list included
inline constexpr std::size_t kErrorBytes = 256 << 10;           // one answer that is no 2xx
// What each cache may hold, packed. See the sum at the end of this file.
inline constexpr std::size_t kRegistryCacheBytes = 12 << 20;  // LocalRegistries
inline constexpr std::size_t kNamespaceCacheBytes = 4 << 20;  // Namespaces
inline constexpr std::size_t kChildCacheBytes = 5 << 20;      // each kind of child, and Pods
inline constexpr std::size_t kCacheEntryBytes = 120;  // of tables, indexes and queue for one object
inline constexpr std::size_t kCacheShare = 16;     // of a full cache a namespace has 1/kCacheShare
inline constexpr std::size_t kObjectsOfOwner = 6;  // of one kind, that are looked at
inline constexpr std::size_t kObjectsOfIndex = 1024;  // of one key, that are unpacked at once
// A live read of children ends after so many pages in a row with no child of the resource.
inline constexpr std::size_t kPagesOfChildren = 16;
inline constexpr std::size_t kRivals = 64;            // that are compared, and that are woken
inline constexpr std::size_t kDeclaredImages = 4096;  // of one namespace, for its pods
inline constexpr std::size_t kRememberedBytes =
    1536;  // packed: larger objects are not kept unpacked
inline constexpr std::size_t kHeaderBytes = 64 << 10;  // the head of one answer
inline constexpr std::size_t kUnpackedObjects = 16;    // of a cache, the last that were read
inline constexpr std::size_t kDictionaryBytes = 4096;  // what a cache's objects share
inline constexpr int kListPage = 500;                  // objects asked for at once
inline constexpr std::size_t kConnections = 16;        // to the API server, watches aside
inline constexpr auto kConnectTimeout = 10s;           // TCP and TLS
inline constexpr auto kRequestTimeout = 30s;           // a request but a watch
inline constexpr auto kIdleConnection = 60s;           // kept open without a request
inline constexpr auto kWatchLeast = 5min;              // asked of the server, random between
inline constexpr auto kWatchMost = 10min;
inline constexpr auto kWatchSilence = 100s;     // bookmarks come about once a minute
inline constexpr auto kTcpUserTimeout = 25s;    // unacknowledged data
inline constexpr auto kTcpKeepAliveIdle = 10s;  // then a probe every kTcpKeepAliveProbe
inline constexpr auto kTcpKeepAliveProbe = 5s;
inline constexpr auto kTokenReload = 30s;                 // the projected token changes
inline constexpr std::size_t kCredentialBytes = 1 << 20;  // a file with a token, key or CAs
inline constexpr std::size_t kReadBytes = 16 << 10;       // read at once: one TLS record
inline constexpr std::size_t kStreamChunkBytes = 64
                                                 << 10;  // given to the reader of a watch at once
inline constexpr std::size_t kBytesBeforeYield = 256 << 10;  // read without letting others run
inline constexpr int kInterimResponses = 8;                  // 1xx answers before the real one
inline constexpr base::BackoffPolicy kWatchBackoff = {800ms, 30s, 2min};
inline constexpr auto kRetryAfterMost = 2min;  // of what a Retry-After asks for
inline constexpr auto kLeaseDuration = 15s;
inline constexpr auto kLeaseRenewDeadline = 10s;
inline constexpr auto kLeaseRetry = 2s;
inline constexpr auto kLeaseRequestTimeout = 5s;          // two tries before the deadline
inline constexpr auto kLeaseReleaseTimeout = 1s;          // at exit, when nobody may wait for long
inline constexpr auto kExecPluginTimeout = 60s;           // a credential plugin of a kubeconfig
inline constexpr std::size_t kExecPluginBytes = 1 << 20;  // what it prints
inline constexpr auto kIdTokenMargin = 10s;               // before its end it counts as expired
inline constexpr std::size_t kChildInputBytes = 4 << 10;  // written to a program before it runs
inline constexpr std::chrono::milliseconds kChildLook = 20ms;  // has it ended? Without pidfd_open
inline constexpr auto kExecPluginRetry = 5s;      // not run again sooner after a failure
inline constexpr std::size_t kEventQueue = 1000;  // events not sent yet; then dropped
inline constexpr int kEventSeriesBurst = 10;      // same event in the window, then merged
inline constexpr auto kEventSeriesWindow = 10min;
inline constexpr auto kEventFlush = 1s;               // what is left at the end
inline constexpr std::size_t kEventNoteBytes = 1024;  // the API's own bound
inline constexpr std::size_t kEventSeries = 4096;     // remembered; then the oldest are forgotten
inline constexpr int kEventTries = 5;                 // of sending one

// registry/
inline constexpr std::size_t kDockerConfigBytes = 1 << 20;  // a Secret has no more
inline constexpr std::size_t kChallenges = 16;              // in one WWW-Authenticate
inline constexpr std::size_t kUrlBytes = 8 << 10;           // of a Location or a realm
inline constexpr std::size_t kHostBytes = 253;              // of a name in DNS
inline constexpr std::size_t kTokenBytes = 32 << 10;        // it is sent with every request
inline constexpr int kRedirects = 5;                        // followed for one request
inline constexpr std::size_t kRegistryHeaderBytes = 64 << 10;
inline constexpr std::size_t kRegistryBodyBytes = 1 << 20;  // of an answer but a manifest
inline constexpr std::size_t kCheckBodyBytes = 128 << 10;   // of an answer to a push check
inline constexpr std::size_t kTokenValues = 1000;     // JSON values in a token server's answer
inline constexpr auto kRegistryConnectTimeout = 10s;  // TCP and TLS
inline constexpr auto kRegistryRequestTimeout = 15s;
inline constexpr auto kPushCheckTimeout = 30s;    // as a whole, the upload's cancellation included
inline constexpr auto kUploadCancelTimeout = 5s;  // of an upload that nobody wants
inline constexpr auto kTokenLife = 60s;           // of a token that does not say (its protocol)
inline constexpr auto kTokenMargin = 10s;         // before its end a token is asked for anew
inline constexpr std::size_t kUploads = 4;        // blobs at once
inline constexpr std::size_t kUploadReadBytes = 256 << 10;  // of a file at once
inline constexpr auto kUploadSilence = 60s;                 // nothing of a blob can be sent
inline constexpr auto kUploadCommitTimeout = 10min;         // the registry checks a whole blob
inline constexpr int kUploadTries = 6;                      // of one blob without any progress
inline constexpr base::BackoffPolicy kUploadBackoff = {500ms, 10s, 2min};
inline constexpr std::size_t kManifestBytes = 4 << 20;      // as registries have it
inline constexpr int kIndexDepth = 4;                       // an index of indexes of …
inline constexpr std::size_t kImageParts = 10'000;          // manifests and blobs of one push
inline constexpr std::size_t kArchiveEntries = 100'000;     // files in a tar
inline constexpr std::size_t kArchiveNameBytes = 64 << 10;  // of what describes one of them
inline constexpr std::size_t kWholeBlobBytes = 1 << 20;     // sent in one request, from memory

// pki/
inline constexpr std::size_t kAuthorities = 16;     // in one text
inline constexpr auto kCertificateBackdate = 5min;  // for clocks that are behind
inline constexpr auto kCertificateSettle = 10min;   // until everybody has heard of a new one
inline constexpr auto kCertificatePause = 1s;       // after a write that changed nothing
inline constexpr auto kCertificateCheck = 1h;       // looked at without a reason
inline constexpr auto kCertificateValidity = 90 * 24h;
inline constexpr auto kCertificateValidityLeast = 10s;
inline constexpr auto kCertificateValidityMost = 5 * 365 * 24h;

// runtime/
inline constexpr auto kRetryFirst = 5ms;  // of one key, doubled
inline constexpr auto kRetryMost = 1000s;
inline constexpr auto kRetryTransientMost = 30s;  // when time alone may mend the error
inline constexpr int kConflictsToWarn = 5;        // in a row, of one key
inline constexpr int kPaceBurst = 20;             // reconciles of one key, and then …
inline constexpr auto kPaceInterval = 250ms;      // … one each time
inline constexpr std::size_t kPacedKeys = 4096;   // that are held to it
inline constexpr std::size_t kWorkersMost = 256;  // --max-concurrent-reconciles
inline constexpr auto kAlarmMost = 1h;            // the runner's longest sleep with nothing to do
inline constexpr std::size_t kBacklog = 32;       // keys that wait for a worker: more are a burst
inline constexpr int kBacklogShare = 10;          // pauses that fit into what a reconcile takes
inline constexpr auto kBacklogPauseMost = 5ms;
inline constexpr auto kTrimInterval = 5s;  // between looks for memory to give back
inline constexpr auto kTrimQuiet = 250ms;  // of the processor between two looks: else busy
inline constexpr std::size_t kTrimHeapBytes = 256 << 10;  // of the heap, less than which stays
inline constexpr std::size_t kTrimMappedBytes = 3 << 20;  // of files, less than which stays
inline constexpr std::size_t kMetricSeries = 64;          // of one metric with labels from outside
inline constexpr std::size_t kLabelBytes = 128;           // of one label value

// serve/: bounds of one server.
inline constexpr std::size_t kServeConnections = 128;           // open at once
inline constexpr std::size_t kServeConnectionsPerAddress = 96;  // of one client address
inline constexpr std::size_t kServeConnectionsServed = 96;      // that had an answer: kept longest
inline constexpr std::size_t kServeHeaderBytes = 16 << 10;      // the head of one request
inline constexpr std::size_t kServeHeaderFields = 100;          // header fields in it
inline constexpr std::size_t kServeReadBytes = 4 << 10;         // requested at once while idle
inline constexpr std::size_t kServeSmallBodyBytes = 32 << 10;   // of each body, at any time
inline constexpr std::size_t kServeBodyBytes = 8 << 20;         // of all bodies together
inline constexpr std::size_t kServeAnswerBytes = 2 << 20;  // of all answers that are being sent
inline constexpr int kServeSocketBytes = 64 << 10;  // kernel buffer of a connection, each direction
// How long a connection without a request is kept when others wait for its place, so that a burst
// of honest clients on a busy node is served.
inline constexpr auto kServePatience = 250ms;
inline constexpr auto kServeSilentPatience = 50ms;  // the same for one that has sent nothing
inline constexpr auto kServeWait = 400ms;           // for a place; see PlaceLimits::wait
inline constexpr auto kServeHandshake = 2s;     // from the connection to the end of TLS' handshake
inline constexpr auto kServeHead = 2s;          // from the first byte of a request to its head
inline constexpr auto kServeLargeBody = 500ms;  // of one large body, while the others wait
inline constexpr auto kServeLargeWait = 1s;     // of a large body for its turn
inline constexpr auto kServeTimeout = 5s;       // to read a small body, or to write an answer
inline constexpr auto kServeGoodbye = 1s;       // for the peer to end TLS
inline constexpr auto kServeIdle = 120s;  // between requests: longer than Go's clients wait, 90 s
inline constexpr auto kAcceptPause = 1s;  // after a connection could not be accepted
// Each body has its first bytes at any time; one at a time has more.
static_assert(kServeConnections * kServeSmallBodyBytes + kAdmissionBytes <= kServeBodyBytes);

// reconcile/
inline constexpr std::size_t kImageMessageBytes = 1024;  // the CRD's own bound
inline constexpr std::size_t kHealsInWindow = 6;         // of one field; then it is contested
inline constexpr auto kHealWindow = 10min;
inline constexpr std::size_t kContestedWrites = 10;  // to a contested object for one intent
inline constexpr auto kContestedWindow = 1h;
inline constexpr auto kContestFirstRetry = 5min;      // then doubled
inline constexpr auto kContestLastRetry = 1h;         // and no more than that
inline constexpr auto kContestAdoptedRetry = 10min;   // after a start of the operator
inline constexpr std::size_t kContestedFields = 16;   // of one object; further ones are not kept
inline constexpr std::size_t kHealedFields = 32;      // of one resource, with the times of heals
inline constexpr std::size_t kContestedNamed = 3;     // fields of one object in a message
inline constexpr std::size_t kOverriddenBytes = 128;  // of a field's path in a message
// Of a pod template that is recorded in an annotation, which the caches have to hold whole; a
// larger one is not recorded.
inline constexpr std::size_t kRecordedTemplateBytes = 12 << 10;
static_assert(kRecordedTemplateBytes < kMetadataBytes / 2);
inline constexpr std::size_t kTerminationMessageBytes = 256;  // of it, in a condition
// A container that has run for so long after a crash is no longer called crashing: the kubelet
// forgets its back-off then.
inline constexpr auto kCrashMemory = 10min;
// The Service publishes a pod whose sidecar has not become ready for so long, and no longer
// publishes pods that are not ready once the pod has been ready for so long.
inline constexpr auto kSidecarPatience = 15s;
inline constexpr auto kSidecarSettled = 60s;

// operator/
inline constexpr std::size_t kPushChecks = 8;              // registries that are asked at once
inline constexpr std::size_t kPushChecksPerNamespace = 4;  // of them for one namespace
inline constexpr std::size_t kPushChecksPerHost = 4;       // of them at one registry
inline constexpr std::size_t kPushQuestions = 4096;        // that wait
inline constexpr std::size_t kPushQuestionsPerNamespace = 1024;  // of them for one namespace
// Questions and answers that are remembered, and Secrets that they name. Of one namespace: while
// less than half of all are remembered, and from then on.
inline constexpr std::size_t kPushAnswers = 4096;
inline constexpr std::size_t kPushAnswersPerNamespace = 1024;
inline constexpr std::size_t kPushAnswersPerNamespaceLeast = 128;
inline constexpr auto kServiceNetworkCheck = 10min;  // has the cluster's Service network changed?
inline constexpr base::BackoffPolicy kPushRetry = {20s, 10min, 24h};  // where it is not known
inline constexpr auto kPushRecheck = 10min;                           // where it was denied
inline constexpr int kPassesPerReconcile = 6;                         // plan, act, plan again
inline constexpr auto kPassesTime = 30s;  // after which no pass begins: the status is still written
inline constexpr std::size_t kWriteHistories = 1024;  // resources whose heals are remembered
inline constexpr auto kReconcileTimeout = 2min;
inline constexpr auto kWebhookDrain = 4s;  // served on after the signal
inline constexpr auto kShutdown = 8s;      // from SIGTERM to exit
inline constexpr auto kNodeCheck = 60s;    // is this a KinD cluster?
inline constexpr std::chrono::milliseconds kNodePortFirstRetry = 25ms;  // doubled: a port that
inline constexpr std::chrono::milliseconds kNodePortLastRetry = 800ms;  // was just given back
inline constexpr auto kNodeRetry = 2s;                                  // after an error
inline constexpr auto kConflictCheck = 15s;  // is the foreign object gone?
inline constexpr auto kRefusedRetry = 30s;   // a write that was refused for good
inline constexpr std::size_t kConditionMessageBytes = 1024;

// cli/
inline constexpr auto kCredentialHelperTimeout = 30s;            // it may ask a person
inline constexpr std::size_t kCredentialHelperBytes = 64 << 10;  // what it prints
inline constexpr auto kDaemonSilence = 10min;  // podman writes an image to disk before it sends it
inline constexpr std::size_t kDaemonReadBytes = 256 << 10;
inline constexpr auto kForwardStart = 30s;   // until kubectl port-forward listens
inline constexpr auto kForwardRestart = 1s;  // after it has ended
inline constexpr auto kForwardCheck = 2s;    // between two checks of the pod
inline constexpr auto kForwardLost = 60s;    // without a pod to forward to, then a push ends
inline constexpr int kPushRounds = 3;        // of one image, each to another pod
inline constexpr auto kReachTimeout = 3s;    // does localhost:<nodePort> answer?
inline constexpr std::chrono::milliseconds kDurationMost = 7 * 24h;  // what a flag may say
inline constexpr std::chrono::milliseconds kCompletionTimeout = 2s;  // a person waits for it
inline constexpr std::size_t kRewriteMemoryBytes = 8 << 20;          // of a pipe; the rest on disk
inline constexpr std::size_t kRewriteSiblingValues = 4096;      // from registry: to its repository:
inline constexpr std::size_t kRewriteWarnings = 100;            // of one text; the rest is counted
inline constexpr std::size_t kRewriteEmbeddedBytes = 64 << 10;  // of a text, looked for references
inline constexpr std::size_t kSpecImages = 64;       // of a LocalRegistry, as its CRD says
inline constexpr std::size_t kSpecImageTags = 16;    // of one of them
inline constexpr std::size_t kSpecImageBytes = 512;  // a reference in the spec
inline constexpr std::size_t kSpecTagBytes = 128;

// Memory that users of the cluster can make the operator use, each part at its worst and all at
// once, against the chart's limit. tests/e2e/memory_test.py holds the program to it.
namespace memory {

inline constexpr std::size_t kLimit = 128 << 20;  // charts/…/values.yaml
inline constexpr std::size_t kWorkers = 8;        // --max-concurrent-reconciles
inline constexpr std::size_t kWatches = 7;        // LocalRegistries, Namespaces, children
inline constexpr std::size_t kChildKinds = 5;     // Pods included
inline constexpr std::size_t kProgram = 8 << 20;  // idle, as measured, and room
inline constexpr std::size_t kCaches =
    kRegistryCacheBytes + kNamespaceCacheBytes + kChildKinds * kChildCacheBytes;
inline constexpr std::size_t kFragments = kCaches / 8;  // of the heap
// Objects of a cache that are kept unpacked take up to 32 times their packed bytes.
inline constexpr std::size_t kUnpacked = kWatches * kUnpackedObjects * kRememberedBytes * 32;
// What one reconcile holds: its resource, its children, its Pods, and children to be deleted.
inline constexpr std::size_t kReconcile = kRegistryObjectBytes + 4 * kObjectBytes +
                                          kObjectsOfOwner * kObjectBytes +
                                          4 * kObjectsOfOwner * kMetadataBytes;
// One event, answer or review at a time.
inline constexpr std::size_t kDecoding = kAdmissionReviewBytes;
inline constexpr std::size_t kStreams =
    kWatches * (2 * kStreamChunkBytes + kObjectBytes) + 2 * kRegistryObjectBytes;
inline constexpr std::size_t kPushCheck = 2 * kSecretBytes + 2 * kCheckBodyBytes + (200 << 10);
inline constexpr std::size_t kPushMemory = kPushChecks * kPushCheck + kPushAnswers * 1200;
inline constexpr std::size_t kEvents = kEventQueue * 2 * kEventNoteBytes + kEventSeries * 512;
// Connections with their TLS, requests and answers, of the webhook, the metrics and the probes.
inline constexpr std::size_t kServe =
    kServeConnections * ((40 << 10) + 3 * (20 << 10)) + kServeBodyBytes + kServeAnswerBytes;

static_assert(kProgram + kCaches + kFragments + kUnpacked + kWorkers * kReconcile + kDecoding +
                  kStreams + kPushMemory + kEvents + kServe <=
              kLimit);

}  // namespace memory

}  // namespace limits
