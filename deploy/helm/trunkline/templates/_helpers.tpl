{{- define "trunkline.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{- /* Labels that select. Context: root, service. */}}
{{- define "trunkline.selector" -}}
app.kubernetes.io/name: trunkline
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end }}

{{- define "trunkline.labels" -}}
{{ include "trunkline.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{- define "trunkline.image" -}}
{{- $images := .root.Values.images }}
{{- $digest := index $images.digests .service }}
{{- printf "%s/%s" $images.registry .service }}{{ if $digest }}@{{ $digest }}{{ else }}:{{ $images.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "trunkline.secret" -}}
{{- if .Values.stores.embedded }}{{ include "trunkline.name" . }}-generated
{{- else }}{{ required "secrets.existingSecret: name the secret with the databases' URLs, or set stores.embedded" .Values.secrets.existingSecret }}
{{- end }}
{{- end }}

{{- define "trunkline.ports" -}}
signaling: 50051
media: 50052
auth: 50053
routing: 50054
billing: 50055
{{- end }}

{{- define "trunkline.grpcPort" -}}
{{ get (include "trunkline.ports" . | fromYaml) .service }}
{{- end }}

{{- define "trunkline.metricsPort" -}}
{{ add 1000 (include "trunkline.grpcPort" .) }}
{{- end }}

{{- /* Where the hot calls of other services come in, beside gRPC. */}}
{{- define "trunkline.framesPort" -}}
{{ add 2000 (include "trunkline.grpcPort" .) }}
{{- end }}

{{- /* Where signaling takes SIP over streams. */}}
{{- define "trunkline.sipStreams" -}}
{{- $values := .Values.signaling -}}
sip-tcp: {{ $values.sipPort }}
{{- if $values.sipTls.secret }}
sip-tls: {{ $values.sipTls.port }}
{{- end }}
{{- if $values.webSocket.port }}
sip-ws: {{ $values.webSocket.port }}
{{- end }}
{{- if $values.webSocket.securePort }}
sip-wss: {{ $values.webSocket.securePort }}
{{- end }}
{{- end }}

{{- /* Whether signaling and media have a Service for each pod. */}}
{{- define "trunkline.served" -}}
{{- if has .Values.network.mode (list "loadBalancer" "nodePort") }}yes{{ end }}
{{- end }}

{{- define "trunkline.onHost" -}}
{{- if eq .Values.network.mode "hostNetwork" }}yes{{ end }}
{{- end }}

{{- define "trunkline.target" -}}
dns:///{{ include "trunkline.name" .root }}-{{ .service }}:{{ include "trunkline.grpcPort" . }}
{{- end }}

{{- /* Where a service finds its secrets: the URLs of its stores. */}}
{{- define "trunkline.storesEnv" -}}
{{- $prefix := printf "TRUNKLINE_%s" (upper .service) }}
{{- $secret := include "trunkline.secret" .root }}
{{- if .root.Values.stores.embedded }}
- name: POSTGRES_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: postgres}}
- name: {{ $prefix }}_DATABASE_URL
  value: postgresql://trunkline:$(POSTGRES_PASSWORD)@{{ include "trunkline.name" .root }}-postgres:5432/{{ .service }}
{{- else }}
- name: {{ $prefix }}_DATABASE_URL
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: {{ .service }}-database-url}}
{{- end }}
{{- if has .service (list "auth" "routing" "signaling") }}
{{- if .root.Values.stores.embedded }}
- name: REDIS_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: redis}}
- name: {{ $prefix }}_REDIS_URL
  value: redis://:$(REDIS_PASSWORD)@{{ include "trunkline.name" .root }}-redis:6379/0
{{- else }}
- name: {{ $prefix }}_REDIS_URL
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: redis-url}}
{{- end }}
{{- end }}
{{- if has .service (list "signaling" "routing" "billing") }}
- name: {{ $prefix }}_SECRET_KEY
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: secret-key}}
{{- end }}
{{- if eq .service "auth" }}
- name: TRUNKLINE_AUTH_NONCE_SECRET
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: auth-nonce}}
{{- end }}
{{- end }}

{{- /* The environment every service has. */}}
{{- define "trunkline.env" -}}
{{- $prefix := printf "TRUNKLINE_%s" (upper .service) }}
- {name: {{ $prefix }}_GRPC_HOST, value: "0.0.0.0"}
- {name: {{ $prefix }}_FRAMES_PORT, value: {{ include "trunkline.framesPort" . | trim | quote }}}
- {name: {{ $prefix }}_LOG_FORMAT, value: json}
- {name: {{ $prefix }}_REFLECTION, value: "false"}
- {name: {{ $prefix }}_MIGRATE, value: {{ ternary "never" "at_start" (eq .root.Values.migrations.mode "job") }}}
- {name: TRUNKLINE_SETTINGS_DIR, value: /run/trunkline}
{{- if ne .root.Values.tls.mode "off" }}
- {name: {{ $prefix }}_TLS_CERT_FILE, value: /run/tls/tls.crt}
- {name: {{ $prefix }}_TLS_KEY_FILE, value: /run/tls/tls.key}
- {name: {{ $prefix }}_TLS_CA_FILE, value: /run/tls/ca.crt}
- {name: {{ $prefix }}_TLS_SERVER_NAME, value: {{ include "trunkline.name" .root }}}
{{- end }}
{{- $root := .root }}
{{- range $peer := .peers }}
- {name: {{ $prefix }}_{{ upper $peer }}, value: {{ include "trunkline.target" (dict "root" $root "service" $peer) | quote }}}
{{- end }}
{{- with .root.Values.tracing.endpoint }}
- {name: {{ $prefix }}_OTLP_ENDPOINT, value: {{ . | quote }}}
- {name: {{ $prefix }}_OTLP_RATIO, value: {{ $root.Values.tracing.ratio | quote }}}
{{- end }}
{{- if ne .service "auth" }}
- {name: {{ $prefix }}_OPERATORS, value: {{ include "trunkline.target" (dict "root" $root "service" "auth") | quote }}}
{{- end }}
{{- include "trunkline.claimEnv" . }}
{{- range $name, $value := (index .root.Values .service).settings }}
- {name: {{ $prefix }}_{{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{ include "trunkline.storesEnv" . }}
{{- end }}

{{- define "trunkline.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  {{- if (.kernelPath).interfaces }}
  seccompProfile: {{- toYaml .kernelPath.seccompProfile | nindent 4 }}
  capabilities: {drop: [ALL], add: [BPF, NET_ADMIN]}
  runAsUser: 0 # Kubernetes gives capabilities to nobody else
  runAsNonRoot: false
  {{- else }}
  capabilities: {drop: [ALL]}
  {{- end }}
{{- end }}

{{- define "trunkline.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user | default 65532 }}
  runAsGroup: {{ .user | default 65532 }}
  fsGroup: {{ .user | default 65532 }}
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- /* HTTP: gRPC's own probe speaks no mutual TLS. */}}
{{- define "trunkline.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 2
  timeoutSeconds: 2
{{- end }}

{{- define "trunkline.mounts" -}}
- {name: data, mountPath: /var/lib/trunkline}
- {name: settings, mountPath: /run/trunkline}
- {name: tmp, mountPath: /tmp}
{{- include "trunkline.claimMounts" . }}
{{- if ne .root.Values.tls.mode "off" }}
- {name: tls, mountPath: /run/tls, readOnly: true}
{{- end }}
{{- end }}

{{- /* Claims of the operator's, and which folder of the service each one is. */}}
{{- define "trunkline.claimMounts" -}}
{{- range $folder, $claim := (index .root.Values .service).claims }}
{{- if $claim }}
- {name: {{ $folder }}, mountPath: /var/lib/trunkline/{{ $folder }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "trunkline.claimVolumes" -}}
{{- range $folder, $claim := (index .root.Values .service).claims }}
{{- with $claim }}
- name: {{ $folder }}
  persistentVolumeClaim: {claimName: {{ . }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "trunkline.claimEnv" -}}
{{- $prefix := printf "TRUNKLINE_%s" (upper .service) }}
{{- range $folder, $claim := (index .root.Values .service).claims }}
{{- if $claim }}
- {name: {{ $prefix }}_{{ upper $folder }}_FOLDER, value: /var/lib/trunkline/{{ $folder }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "trunkline.volumes" -}}
- {name: settings, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
- {name: tmp, emptyDir: {sizeLimit: 64Mi}}
{{- include "trunkline.claimVolumes" . }}
{{- if eq .root.Values.tls.mode "certManager" }}
- name: tls
  secret: {secretName: {{ include "trunkline.name" .root }}-{{ .service }}-tls, defaultMode: 0440}
{{- else if eq .root.Values.tls.mode "existingSecret" }}
- name: tls
  secret:
    secretName: {{ required "tls.existingSecret: name the secret with tls.crt, tls.key and ca.crt" .root.Values.tls.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- end }}

{{- /* Replicas keep apart: on the host's network they must, elsewhere they should. */}}
{{- define "trunkline.apart" -}}
affinity:
  podAntiAffinity:
{{- if .must }}
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels: {{- include "trunkline.selector" . | nindent 12 }}
{{- else }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels: {{- include "trunkline.selector" . | nindent 14 }}
{{- end }}
{{- end }}

{{- /* What peers are told: said, or asked of Kubernetes before the service starts. */}}
{{- define "trunkline.addressInit" -}}
{{- $file := printf "/run/trunkline/TRUNKLINE_%s" (ternary "SIGNALING_ADVERTISED_ADDRESS" "MEDIA_ADVERTISED_ADDRESSES" (eq .service "signaling")) }}
- name: address
  image: {{ include "trunkline.image" . }}
  imagePullPolicy: {{ .root.Values.images.pullPolicy }}
{{- if .addresses }}
  command: [python3, -c]
  args:
    - |
      import json, os, sys
      from pathlib import Path
      from trunkline_kernel.cluster.__main__ import write_address
      addresses = json.loads(sys.argv[1])
      ordinal = os.environ["POD_NAME"].rpartition("-")[2]
      write_address(addresses[int(ordinal) if ordinal.isdecimal() else 0], [Path(sys.argv[2])])
    - {{ toJson .addresses | quote }}
    - {{ $file }}
{{- else if include "trunkline.served" .root }}
  command: [sh, -c, 'exec python3 -m trunkline_kernel.cluster address {{ ternary "service \"$POD_NAME-udp\"" "node \"$NODE_NAME\"" (eq .root.Values.network.mode "loadBalancer") }} {{ $file }}']
{{- else }}
  command: [python3, -m, trunkline_kernel.cluster, address, node, $(NODE_NAME), {{ $file }}]
{{- end }}
  env:
    - name: POD_NAME
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
    - name: NODE_NAME
      valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
  volumeMounts:
    - {name: settings, mountPath: /run/trunkline}
  resources:
    requests: {cpu: 50m, memory: 64Mi}
    limits: {cpu: 500m, memory: 128Mi}
  {{- include "trunkline.containerSecurity" . | nindent 2 }}
{{- end }}

{{- define "trunkline.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
