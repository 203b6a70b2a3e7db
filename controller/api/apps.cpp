#include "api/apps.h"

template struct json::TableCodec<api::DeploymentSpec>;
template struct json::TableCodec<api::Deployment>;
template struct json::TableCodec<api::WorkloadStatus>;
template struct json::TableCodec<api::StatefulSetSpec>;
template struct json::TableCodec<api::StatefulSet>;
template const json::Shape& json::shape_of<api::DeploymentSpec>();
template const json::Shape& json::shape_of<api::Deployment>();
template const json::Shape& json::shape_of<api::WorkloadStatus>();
template const json::Shape& json::shape_of<api::StatefulSetSpec>();
template const json::Shape& json::shape_of<api::StatefulSet>();
