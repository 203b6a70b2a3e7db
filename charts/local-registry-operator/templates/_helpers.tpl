{{- define "local-registry-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "local-registry-operator.fullname" -}}
{{- $name := include "local-registry-operator.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* withSuffix (list . "metrics"): the full name with a suffix, never longer than 63. */}}
{{- define "local-registry-operator.withSuffix" -}}
{{- $suffix := printf "-%s" (index . 1) }}
{{- $length := sub 63 (len $suffix) | int }}
{{- include "local-registry-operator.fullname" (index . 0) | trunc $length | trimSuffix "-" }}
{{- $suffix }}
{{- end }}

{{- /* webhook: the name of its Service, its Secret and its Role. */}}
{{- define "local-registry-operator.webhook" -}}
{{- include "local-registry-operator.withSuffix" (list . "webhook") }}
{{- end }}

{{- define "local-registry-operator.serviceAccountName" -}}
{{- $fullname := include "local-registry-operator.fullname" . }}
{{- $default := .Values.serviceAccount.create | ternary $fullname "default" }}
{{- default $default .Values.serviceAccount.name }}
{{- end }}

{{- define "local-registry-operator.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "local-registry-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "local-registry-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "local-registry-operator.labels" -}}
{{ include "local-registry-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: controller
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* subject: the operator's service account in a binding. */}}
{{- define "local-registry-operator.subject" -}}
- kind: ServiceAccount
  name: {{ include "local-registry-operator.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{- /* rules: what the operator may do in a namespace that it watches. No Secrets. The file is
generated from the table of children in the operator's code. */}}
{{- define "local-registry-operator.rules" -}}
{{- .Files.Get "files/rules.yaml" | trimSuffix "\n" }}
{{- end }}
