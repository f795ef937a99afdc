//! What Alertmanager decides: which alerts are sent to whom, and when.
