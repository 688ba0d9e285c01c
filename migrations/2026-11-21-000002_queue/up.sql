-- The one row that every change of the queue locks. Tickets and versions come from it, so both are
-- gapless and follow commit order.
CREATE TABLE queue_state (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    version bigint NOT NULL DEFAULT 0,
    next_ticket bigint NOT NULL DEFAULT 1,
    waiting bigint NOT NULL DEFAULT 0 CHECK (waiting >= 0),
    active bigint NOT NULL DEFAULT 0 CHECK (active >= 0),
    left_count bigint NOT NULL DEFAULT 0,
    no_show_count bigint NOT NULL DEFAULT 0,
    capacity integer NOT NULL CHECK (capacity >= 0),
    admission_batch integer NOT NULL CHECK (admission_batch > 0),
    paused boolean NOT NULL DEFAULT false,
    next_tick_at timestamptz NOT NULL
);

-- version: that of the latest change; server processes follow it into memory. The other versions
-- tell when the token joined, was admitted and ended, in commit order.
CREATE TABLE queue_tokens (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    ticket bigint NOT NULL UNIQUE CHECK (ticket > 0),
    status text NOT NULL CHECK (status IN ('waiting', 'active', 'expired')),
    end_reason text CHECK (end_reason IN ('time', 'left', 'paid', 'no_show')),
    entered_at timestamptz NOT NULL,
    waiting_until timestamptz NOT NULL,
    admitted_at timestamptz,
    active_until timestamptz,
    seen_at timestamptz,
    ended_at timestamptz,
    joined_version bigint NOT NULL,
    admitted_version bigint,
    ended_version bigint,
    version bigint NOT NULL,
    CHECK ((admitted_at IS NULL) = (admitted_version IS NULL)),
    CHECK ((admitted_at IS NULL) = (active_until IS NULL)),
    CHECK (status <> 'active' OR admitted_at IS NOT NULL),
    CHECK ((status = 'expired') = (ended_version IS NOT NULL)),
    CHECK ((status = 'expired') = (end_reason IS NOT NULL))
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX queue_tokens_one_live_a_user ON queue_tokens (user_id)
    WHERE status <> 'expired';
CREATE INDEX queue_tokens_line ON queue_tokens (ticket) WHERE status = 'waiting';
CREATE INDEX queue_tokens_waiting_until ON queue_tokens (waiting_until) WHERE status = 'waiting';
CREATE INDEX queue_tokens_active ON queue_tokens (active_until) WHERE status = 'active';
CREATE INDEX queue_tokens_version ON queue_tokens (version);

-- What was admitted by which version, under which capacity: the evidence for the audit, and the
-- measure of how fast the line moves.
CREATE TABLE queue_admissions (
    version bigint PRIMARY KEY,
    admitted_at timestamptz NOT NULL,
    admitted bigint NOT NULL CHECK (admitted > 0),
    from_line boolean NOT NULL,
    active_after bigint NOT NULL,
    capacity integer NOT NULL
);

CREATE INDEX queue_admissions_admitted_at ON queue_admissions (admitted_at);
