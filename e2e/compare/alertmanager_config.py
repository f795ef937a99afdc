"""The rules and the `alertmanager.yml` of the scenario in `alertmanager.py`."""

# For how long a sample of `beat` is fresh.
FRESH_S = 4
# Alerts need a fresh sample of `beat`: after a restart none fires before the page is there again,
# whatever the database still has, so that the alerts of both stacks fire at the same time.
RULES = r"""
groups:
  - name: scenario
    rules:
      - alert: Busy
        expr: load{case!="for"} > 5 and on () (time() - timestamp(beat) < FRESH_S)
        labels: {severity: '{{ if gt $value 8.0 }}critical{{ else }}warning{{ end }}'}
        annotations:
          summary: '{{ $labels.host }} in {{ $labels.zone }} has {{ $value | humanize }} of {{ $externalLabels.region }}'
          link: '<{{ $externalURL }}> & "more"'
      - alert: BusyForLong
        expr: load{case="for"} > 5 and on () (time() - timestamp(beat) < FRESH_S)
        for: 2s
        labels: {severity: warning}
""".replace("FRESH_S", str(FRESH_S))

TEMPLATE = r"""
{{ define "scenario.title" }}{{ .Status | toUpper }} {{ .GroupLabels.zone | title }}{{ end }}
{{ define "scenario.text" }}{{ range .Alerts.Firing }}*{{ .Labels.host }}* {{ .Annotations.summary }}
{{ end }}{{ range .Alerts.Resolved }}~{{ .Labels.host }}~
{{ end }}{{ with .CommonLabels.Remove (stringSlice "case") }}{{ range .SortedPairs }}{{ .Name }}={{ .Value | reReplaceAll "^(.)" "<$1>" }};{{ end }}{{ end }}{{ end }}
"""

ALERTMANAGER_YML = r"""
global: {resolve_timeout: 5m}
templates: [scenario.tmpl]
route:
  receiver: default
  group_by: [alertname, case]
  group_wait: 1s
  group_interval: 8s
  repeat_interval: 1h
  routes:
    # Alerts of Glasshouse about itself, here about notifications that fail.
    - {matchers: [job="glasshouse"], receiver: nobody}
    - {matchers: [case="group"], receiver: group, group_by: [zone]}
    - {matchers: [case="repeat"], receiver: repeat, repeat_interval: 15s}
    - {matchers: [case="inhibit"], receiver: inhibit, group_by: [zone]}
    - {matchers: [case="silence"], receiver: silence, group_by: [zone]}
    - {matchers: [case="mute"], receiver: mute, mute_time_intervals: [scenario]}
    - {matchers: [case="active"], receiver: active, active_time_intervals: [scenario]}
    - {matchers: [case="slack"], receiver: slack, group_by: [zone], continue: true}
    - {matchers: [case=~"slack|both"], receiver: default-slack, group_by: [zone]}
    - matchers: [case="nested"]
      receiver: nested
      continue: true
      routes:
        - {match: {zone: x}, receiver: nested-x, continue: true}
        - {match_re: {zone: x|y}, receiver: nested-xy, group_by: [host, zone]}
    - {matchers: ['case=nested', 'severity!="warning"'], receiver: nested-critical}
    - {matchers: [case="unresolved"], receiver: unresolved}
    - {matchers: [case="all"], receiver: all, group_by: ['...']}
    - {matchers: [case="few"], receiver: few}
    - {matchers: [case="flaky"], receiver: flaky}
    - {matchers: [case="refused"], receiver: refused}
    # Groups with the same key.
    - {matchers: [case="slow"], receiver: slow, continue: true}
    - {matchers: [case="slow"], receiver: beside-slow}
LATE
inhibit_rules:
  - source_matchers: [case="inhibit", severity="critical"]
    target_matchers: [case="inhibit", severity="warning"]
    equal: [alertname, zone]
time_intervals:
  - name: scenario
    time_intervals: [{times: [{start_time: "00:00", end_time: "MUTE_END"}]}]
receivers:
  - {name: nobody}
  - {name: default, webhook_configs: [{url: BEHIND/default}]}
  - {name: group, webhook_configs: [{url: BEHIND/group}]}
  - {name: repeat, webhook_configs: [{url: BEHIND/repeat}]}
  - {name: inhibit, webhook_configs: [{url: BEHIND/inhibit}]}
  - {name: silence, webhook_configs: [{url: BEHIND/silence}]}
  - {name: mute, webhook_configs: [{url: BEHIND/mute}]}
  - {name: active, webhook_configs: [{url: BEHIND/active}]}
  - name: slack
    slack_configs:
      - api_url: BEHIND/slack
        channel: '#{{ .GroupLabels.zone }}'
        send_resolved: true
        title: '{{ template "scenario.title" . }}'
        text: '{{ template "scenario.text" . }}'
        fields:
          - {title: Alerts, value: '{{ .Alerts | len }}', short: true}
          - {title: Link, value: '{{ (index .Alerts 0).GeneratorURL }}'}
        actions: [{type: button, text: 'Runbook {{ .CommonLabels.severity }}', url: 'https://runbooks.example/{{ .CommonLabels.alertname }}'}]
  - name: default-slack
    slack_configs: [{api_url: BEHIND/default-slack, channel: '#{{ .GroupLabels.zone }}', send_resolved: true}]
    webhook_configs: [{url: BEHIND/default-slack-webhook, send_resolved: false}]
  - {name: nested, webhook_configs: [{url: BEHIND/nested}]}
  - {name: nested-x, webhook_configs: [{url: BEHIND/nested-x}]}
  - {name: nested-xy, webhook_configs: [{url: BEHIND/nested-xy}]}
  - {name: nested-critical, webhook_configs: [{url: BEHIND/nested-critical}]}
  - {name: unresolved, webhook_configs: [{url: BEHIND/unresolved, send_resolved: false}]}
  - {name: all, webhook_configs: [{url: BEHIND/all}]}
  - {name: few, webhook_configs: [{url: BEHIND/few, max_alerts: 2}]}
  - {name: flaky, webhook_configs: [{url: BEHIND/flaky}]}
  - {name: refused, webhook_configs: [{url: BEHIND/refused}]}
  - {name: slow, webhook_configs: [{url: BEHIND/slow}]}
  - {name: beside-slow, webhook_configs: [{url: BEHIND/beside-slow}]}
RECEIVER
"""

LATE_ROUTE = '    - {matchers: [case="late"], receiver: late, group_wait: 2s}'
LATE_RECEIVER = "  - {name: late, webhook_configs: [{url: BEHIND/late}]}"


def alertmanager_yml(mute_end: str, is_late: bool) -> str:
    """The file, in which mute time intervals end at a time, before or after its change."""
    text = ALERTMANAGER_YML.replace("MUTE_END", mute_end)
    text = text.replace("LATE", LATE_ROUTE if is_late else "")
    return text.replace("RECEIVER", LATE_RECEIVER if is_late else "")
