// Pushing an image: its blobs, a few at once, then its manifests, then its tags.
//
// Guarantees
//  * What the registry has already is not sent: a push that was ended and is run again goes on.
//  * A cut connection costs what was under way: a blob is gone on with where the registry says, if
//    it can say that. (Docker's registry 2.8 cannot; there the blob is sent anew.)
//  * No tag moves before all that it names is there. A blob that is not what its digest says is not
//    put there at all.
//  * Memory does not depend on the size of the image.
//  * What session.h and http_client.h guarantee of credentials, HTTPS, redirects and addresses.
// One owner, which outlives the pushes. On the thread of the io_context, which reading files
// blocks.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/image_reference.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/random.h"
#include "registry/blob_upload.h"
#include "registry/docker_config.h"
#include "registry/image_source.h"
#include "registry/trust.h"

namespace registry {

struct UploadOptions {
  std::vector<std::string> insecure_registries = {};  // as in CheckOptions
  std::string ca_file = {};
  bool guard_addresses = false;  // the one who pushes says where to
  base::EnvironmentVariables environment = {};
  std::string user_agent = "local-registry-operator";
  std::size_t uploads = limits::kUploads;  // blobs at once
};

struct PushRequest {
  api::ImageReference repository;  // its tag and digest do not matter
  std::vector<std::string> tags;   // none: the image is there by its digest only
  std::optional<Credentials> credentials = {};
  BlobUpload::Report report = {};  // of each blob, often
};

struct Pushed {
  std::string digest;      // of the manifest or index that the tags name
  std::uint64_t sent = 0;  // bytes of blobs
  int present = 0;         // blobs that were there already
  int blobs = 0;           // of the image
};

class Uploader {
 public:
  // clock and random outlive the uploader; the clock is the machine's.
  Uploader(boost::asio::any_io_executor executor, base::Clock& clock, base::Random& random,
           UploadOptions options);
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  // Errors as those of BlobUpload::run and ImageSource::parts; kInvalid also: the options have an
  // entry that names no registry. Throws boost::system::system_error (operation_aborted) when it is
  // cancelled. source and image outlive the push.
  boost::asio::awaitable<base::Result<Pushed>> push(const ImageSource& source,
                                                    const SourceImage& image, PushRequest request);

 private:
  boost::asio::awaitable<base::Result<void>> send_blobs(Session& session, Parts& parts,
                                                        const PushRequest& request, Pushed& pushed);
  boost::asio::awaitable<base::Result<void>> send_manifest(Session& session,
                                                           const Parts::ManifestText& manifest,
                                                           std::string name);

  boost::asio::any_io_executor executor_;
  base::Clock& clock_;
  base::Random& random_;
  UploadOptions options_;
  Trust trust_;
};

}  // namespace registry
