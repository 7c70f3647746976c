{{- /* What selects the service's Pods. Must never change, because a Deployment's selector cannot. */ -}}
{{- define "service.selector" -}}
app.kubernetes.io/name: {{ .Release.Name | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- /* The version that runs: the hold's, if there is one, whatever an image update has written since. */ -}}
{{- define "service.tag" -}}
{{ dig "tag" .Values.image.tag (.Values.hold | default dict) }}
{{- end -}}

{{- /* Labels of the Pods. Without the chart's version: a new chart alone restarts nothing. */ -}}
{{- define "service.podLabels" -}}
{{ include "service.selector" . }}
app.kubernetes.io/version: {{ include "service.tag" . | quote }}
{{- end -}}

{{- define "service.labels" -}}
{{ include "service.podLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- /* min and max as a YAML map; equal for a fixed number. catalog/schema.ts says why min <= max is checked here, too. */ -}}
{{- define "service.replicas" -}}
{{- $replicas := .Values.replicas -}}
{{- if kindIs "map" $replicas -}}
{{- if gt (int $replicas.min) (int $replicas.max) -}}
{{- fail (printf "replicas.max: found %d; must not be less than min, which is %d" (int $replicas.max) (int $replicas.min)) -}}
{{- end -}}
min: {{ int $replicas.min }}
max: {{ int $replicas.max }}
{{- else -}}
min: {{ int $replicas }}
max: {{ int $replicas }}
{{- end -}}
{{- end -}}

{{- /* requests and limits of the named size. */ -}}
{{- define "service.resources" -}}
{{ get (.Files.Get "sizes.yaml" | fromYaml) .Values.resources | toYaml }}
{{- end -}}
