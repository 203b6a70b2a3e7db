// The admission webhook of the operator as it is written on controller-runtime, to compare with:
// images of a namespace's pods that a local registry delivers are named there, and an annotation
// keeps what was asked for. What is delivered comes from a file instead of a cache.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"os"

	"github.com/distribution/reference"
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const (
	optOut    = "localregistry.dev/rewrite"
	originals = "localregistry.dev/original-images"
	ourLabel  = "app.kubernetes.io/managed-by"
	ourValue  = "local-registry-operator"
)

// By namespace, by repository: the host to pull it from.
type targets map[string]map[string]string

type rewriter struct {
	decoder admission.Decoder
	targets targets
}

// The image as the local registry has it, or what it was.
func (r *rewriter) image(namespace, image string) string {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return image
	}
	host, known := r.targets[namespace][named.Name()]
	if !known {
		return image
	}
	renamed := host + "/" + reference.Path(named)
	if tagged, ok := named.(reference.Tagged); ok {
		renamed += ":" + tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		renamed += "@" + digested.Digest().String()
	}
	return renamed
}

func (r *rewriter) Handle(_ context.Context, request admission.Request) admission.Response {
	pod := &corev1.Pod{}
	if err := r.decoder.Decode(request, pod); err != nil {
		return admission.Allowed("")
	}
	if pod.Annotations[optOut] == "disabled" || pod.Labels[ourLabel] == ourValue {
		return admission.Allowed("")
	}
	asked := map[string]string{}
	rewrite := func(name string, image *string) {
		if renamed := r.image(request.Namespace, *image); renamed != *image {
			asked[name], *image = *image, renamed
		}
	}
	for i := range pod.Spec.InitContainers {
		rewrite(pod.Spec.InitContainers[i].Name, &pod.Spec.InitContainers[i].Image)
	}
	for i := range pod.Spec.Containers {
		rewrite(pod.Spec.Containers[i].Name, &pod.Spec.Containers[i].Image)
	}
	for i := range pod.Spec.Volumes {
		if source := pod.Spec.Volumes[i].Image; source != nil {
			rewrite("volume/"+pod.Spec.Volumes[i].Name, &source.Reference)
		}
	}
	if len(asked) == 0 {
		return admission.Allowed("")
	}
	note, err := json.Marshal(asked)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[originals] = string(note)
	changed, err := json.Marshal(pod)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return admission.PatchResponseFromRaw(request.Object.Raw, changed)
}

func main() {
	port := flag.Int("port", 9443, "")
	certificates := flag.String("certificates", "", "folder of tls.crt and tls.key")
	file := flag.String("targets", "", "JSON: namespace -> repository -> host")
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	text, err := os.ReadFile(*file)
	if err != nil {
		panic(err)
	}
	known := targets{}
	if err := json.Unmarshal(text, &known); err != nil {
		panic(err)
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		panic(err)
	}
	server := webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: *port, CertDir: *certificates})
	server.Register("/mutate", &webhook.Admission{
		Handler: &rewriter{decoder: admission.NewDecoder(scheme), targets: known}})
	if err := server.Start(ctrl.SetupSignalHandler()); err != nil {
		panic(err)
	}
}
