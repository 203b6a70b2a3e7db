// An Uploader pushes an image to a registry: first its blobs, a few at once, then its manifests,
// then its tags.
//
// Guarantees
//  * A blob that the registry already has is not sent, so an interrupted push can be repeated.
//  * After a lost connection the upload of a blob resumes at the offset that the registry reports.
//    Docker's registry 2.8 does not report it; there the blob is sent from its beginning.
//  * A tag is set only after all manifests and blobs that it refers to are at the registry. A blob
//    whose content does not match its digest is never completed there.
//  * The memory in use does not depend on the size of the image.
//  * The guarantees of session.h and http_client.h about credentials, HTTPS, redirects and
//    addresses hold.
// An Uploader has one owner and outlives its pushes. It is used on the thread of the io_context
// only, and blocks this thread while it reads files.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/images/image_reference.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "registry/docker_config.h"
#include "registry/trust.h"
#include "registry/upload/blob_upload.h"
#include "registry/upload/image_source.h"

namespace registry {

struct UploadOptions {
  std::vector<std::string> insecure_registries = {};  // see CheckOptions::insecure_registries
  std::string ca_file = {};
  bool guard_addresses = false;  // false: the user of this machine chooses the registry
  std::string only = {};         // see HttpOptions::only
  base::EnvironmentVariables environment = {};
  std::string user_agent{kUserAgent};
  std::size_t uploads = limits::kUploads;  // blobs that are sent at once
};

struct PushRequest {
  api::ImageReference repository;  // its tag and digest are ignored
  std::vector<std::string> tags;   // empty: the image is available by digest only
  std::optional<Credentials> credentials = {};
  BlobUpload::Report report = {};  // called many times for each blob
};

struct Pushed {
  std::string digest;      // digest of the manifest or index that the tags name
  std::uint64_t sent = 0;  // bytes of blobs that were sent
  int present = 0;         // blobs that the registry already had
  int blobs = 0;           // all blobs of the image
};

class Uploader {
 public:
  // `clock` and `random` outlive the uploader. `clock` must be the real clock, which connections
  // use for their timeouts.
  Uploader(boost::asio::any_io_executor executor, base::Clock& clock, base::Random& random,
           UploadOptions options);
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  // Pushes an image of `source`; both outlive the push. Errors as ImageSource::parts and the other
  // push().
  boost::asio::awaitable<base::Result<Pushed>> push(const ImageSource& source,
                                                    const SourceImage& image, PushRequest request);

  // Pushes an image that consists of these parts. Errors as RepositorySession::open and
  // BlobUpload::run; also kInvalid: an entry of insecure_registries is invalid. Throws
  // boost::system::system_error (operation_aborted) when it is cancelled.
  boost::asio::awaitable<base::Result<Pushed>> push(ImageParts parts, PushRequest request);

 private:
  boost::asio::awaitable<base::Result<void>> send_blobs(RepositorySession& session,
                                                        ImageParts& parts,
                                                        const PushRequest& request, Pushed& pushed);
  boost::asio::awaitable<base::Result<void>> send_manifest(RepositorySession& session,
                                                           const ImageParts::ManifestText& manifest,
                                                           std::string name);

  boost::asio::any_io_executor executor_;
  base::Clock& clock_;
  base::Random& random_;
  UploadOptions options_;
  Trust trust_;
};

}  // namespace registry
