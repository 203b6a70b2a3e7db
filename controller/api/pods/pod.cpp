#include "api/pods/pod.h"

template struct json::TableCodec<api::PodSpec>;
template struct json::TableCodec<api::PodTemplateSpec>;
template struct json::TableCodec<api::PodStatus>;
template struct json::TableCodec<api::Pod>;
template const json::Shape& json::shape_of<api::PodSpec>();
template const json::Shape& json::shape_of<api::PodTemplateSpec>();
template const json::Shape& json::shape_of<api::PodStatus>();
template const json::Shape& json::shape_of<api::Pod>();
