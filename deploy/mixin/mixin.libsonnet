// Rules, alerts and dashboards as a monitoring mixin. It only imports what `kpi-exporter generate` has
// written; another job or other severities go to `generate rules --format json`, not here.
local groups = (import 'rules.json').groups;

local having(kind) = [
  group { rules: [rule for rule in group.rules if std.objectHas(rule, kind)] }
  for group in groups
  if std.length([rule for rule in group.rules if std.objectHas(rule, kind)]) > 0
];

{
  // Alerts build on what is recorded, so a recording comes first wherever both are loaded.
  prometheusRules+:: { groups+: [group { name: group.name + '.rules' } for group in having('record')] },
  prometheusAlerts+:: { groups+: having('alert') },
  grafanaDashboards+:: {
    'kpi-scorecard.json': import '../../grafana/dashboards/kpi-scorecard.json',
    'kpi-detail.json': import '../../grafana/dashboards/kpi-detail.json',
    'kpi-weekly-review.json': import '../../grafana/dashboards/kpi-weekly-review.json',
    'kpi-exporter-health.json': import '../../grafana/dashboards/kpi-exporter-health.json',
  },
}
