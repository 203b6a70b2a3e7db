#include "api/core.h"

template struct json::TableCodec<api::ServiceSpec>;
template struct json::TableCodec<api::Service>;
template struct json::TableCodec<api::PersistentVolumeClaimSpec>;
template struct json::TableCodec<api::PersistentVolumeClaimStatus>;
template struct json::TableCodec<api::PersistentVolumeClaim>;
template struct json::TableCodec<api::Namespace>;
template const json::Shape& json::shape_of<api::ServiceSpec>();
template const json::Shape& json::shape_of<api::Service>();
template const json::Shape& json::shape_of<api::PersistentVolumeClaimSpec>();
template const json::Shape& json::shape_of<api::PersistentVolumeClaimStatus>();
template const json::Shape& json::shape_of<api::PersistentVolumeClaim>();
template const json::Shape& json::shape_of<api::Namespace>();
