//! What is asked of the metrics by the dashboard and by the alerts in `deploy/`.

use serde_json::Value;

/// Every expression of the dashboard. Each panel has a title and says what it shows, and takes its
/// data from the Prometheus that is chosen.
pub fn dashboard() -> Vec<String> {
    let board = include_str!("../../../deploy/grafana/boxoffice.json");
    let board: Value = serde_json::from_str(board).unwrap();
    assert_eq!(board["uid"], "boxoffice");
    assert_eq!(board["templating"]["list"][0]["type"], "datasource");
    let mut expressions = Vec::new();
    for panel in board["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        if panel["type"] == "row" {
            continue;
        }
        assert!(panel["description"].as_str().unwrap().len() > 5, "{title}");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        for target in panel["targets"].as_array().unwrap() {
            expressions.push(target["expr"].as_str().unwrap().to_owned());
        }
    }
    expressions
}

/// An alert rule.
#[derive(Debug, Default)]
pub struct Alert {
    pub name: String,
    pub expression: String,
    pub severity: String,
    pub summary: String,
    pub description: String,
    pub runbook: String,
}

/// The alert rules. The file has one line a field.
pub fn alerts() -> Vec<Alert> {
    let mut alerts: Vec<Alert> = Vec::new();
    for line in include_str!("../../../deploy/prometheus/alerts.yml").lines() {
        let Some((field, value)) = line.trim().split_once(": ") else {
            continue;
        };
        if field == "- alert" {
            alerts.push(Alert {
                name: value.to_owned(),
                ..Alert::default()
            });
            continue;
        }
        let Some(alert) = alerts.last_mut() else {
            continue;
        };
        let place = match field {
            "expr" => &mut alert.expression,
            "severity" => &mut alert.severity,
            "summary" => &mut alert.summary,
            "description" => &mut alert.description,
            "runbook_url" => &mut alert.runbook,
            "for" => continue,
            other => panic!("what is {other}? Say so here"),
        };
        *place = value.trim_matches('\'').replace("''", "'");
    }
    alerts
}
