"""The tables of the store."""

SCHEMA_VERSION = 1

ADDED_TABLES = {
    "health": """CREATE TABLE IF NOT EXISTS health (
    run_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (run_id, epoch)
) WITHOUT ROWID;""",
}
"""Tables that came later, by name: a file without them gets them when it is opened.

A program that does not know them can still use the file, so the version stays.
"""

SCHEMA = f"""
BEGIN;
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    config TEXT NOT NULL,
    state TEXT NOT NULL,
    phase TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    launched_by TEXT NOT NULL DEFAULT 'app',
    created_at REAL NOT NULL,
    started_at REAL NOT NULL DEFAULT 0,
    finished_at REAL NOT NULL DEFAULT 0,
    heartbeat REAL NOT NULL DEFAULT 0,
    pid INTEGER NOT NULL DEFAULT 0,
    process_started REAL NOT NULL DEFAULT 0,
    host TEXT NOT NULL DEFAULT '',
    steps_per_epoch INTEGER NOT NULL DEFAULT 0,
    about TEXT NOT NULL DEFAULT '{{}}',
    result TEXT NOT NULL DEFAULT '{{}}',
    tags TEXT NOT NULL DEFAULT '[]',
    notes TEXT NOT NULL DEFAULT '',
    deleted_at REAL NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS steps (
    run_id TEXT NOT NULL,
    step INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    loss REAL NOT NULL,
    learning_rate REAL NOT NULL,
    images_per_s REAL NOT NULL,
    PRIMARY KEY (run_id, step)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS epochs (
    run_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    step INTEGER NOT NULL,
    train_loss REAL NOT NULL,
    train_accuracy REAL NOT NULL,
    val_loss REAL,
    val_accuracy REAL,
    learning_rate REAL NOT NULL,
    seconds REAL NOT NULL,
    eta_s REAL NOT NULL,
    PRIMARY KEY (run_id, epoch)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commands (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    value REAL,
    created_at REAL NOT NULL,
    applied_step INTEGER
);
CREATE INDEX IF NOT EXISTS commands_by_run ON commands (run_id);
CREATE TABLE IF NOT EXISTS examples (
    run_id TEXT NOT NULL,
    step INTEGER NOT NULL,
    probs TEXT NOT NULL,
    PRIMARY KEY (run_id, step)
) WITHOUT ROWID;
{"".join(ADDED_TABLES.values())}
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""
