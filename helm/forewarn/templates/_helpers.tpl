{{- define "forewarn.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "forewarn.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "forewarn.labels" -}}
{{ include "forewarn.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "forewarn.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}

{{- /* Combinations that would start and then lose data, or never become ready. */ -}}
{{- define "forewarn.check" -}}
{{- $url := has "DATABASE_URL" .Values.secret.keys -}}
{{- if eq .Values.database "embedded" -}}
{{- if $url -}}
{{- fail "database is embedded, but secret.keys lists DATABASE_URL: set database to external, or remove the key" -}}
{{- end -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- fail (printf "database is embedded, so replicas must be 1, not %d: each replica would have a database of its own. For more, set database to external" (int .Values.replicas)) -}}
{{- end -}}
{{- if not .Values.persistence.enabled -}}
{{- fail "database is embedded, so persistence.enabled must be true: without a volume every restart would lose the database" -}}
{{- end -}}
{{- else if not $url -}}
{{- fail "database is external, so secret.keys must list DATABASE_URL and secret.name must name the Secret that holds it" -}}
{{- end -}}
{{- if and .Values.persistence.enabled (eq .Values.database "external") (gt (int .Values.replicas) 1) (not (has "ReadWriteMany" .Values.persistence.accessModes)) -}}
{{- fail "replicas is above 1, so one ReadWriteOnce volume cannot serve them: set persistence.enabled to false (the data folder is then an emptyDir)" -}}
{{- end -}}
{{- end -}}

{{- /* One setting from the Secret, by reference. */ -}}
{{- define "forewarn.secretEnv" -}}
- name: {{ .key }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end -}}

{{- /* Fits the `node` user of the image. OnRootMismatch: widening the modes of the database's folder would keep PostgreSQL from starting. */ -}}
{{- define "forewarn.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "forewarn.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
