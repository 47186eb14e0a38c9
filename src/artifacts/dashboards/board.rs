//! Where panels go: rows from top to bottom on Grafana's grid of 24 columns, numbered as they come.

use serde_json::Value;

use super::panel::Panel;

/// The panels of a dashboard, placed one row after the other.
#[derive(Debug, Default)]
pub(super) struct Board {
    panels: Vec<Value>,
    next_id: u32,
    bottom: u32,
}

impl Board {
    /// Panels side by side with their widths; the widths add up to 24 at most.
    pub(super) fn row(&mut self, height: u32, panels: impl IntoIterator<Item = (u32, Panel)>) {
        let mut x = 0;
        for (width, panel) in panels {
            let id = self.number();
            self.panels.push(panel.placed(id, x, self.bottom, width, height));
            x += width;
        }
        self.bottom += height;
    }

    pub(super) fn into_json(self) -> Value {
        Value::Array(self.panels)
    }

    fn number(&mut self) -> u32 {
        self.next_id += 1;
        self.next_id
    }
}
