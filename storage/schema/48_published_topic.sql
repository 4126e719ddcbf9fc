-- Topics that hold a retained message of ours at the broker, so that what ended while nobody published is cleared too.
CREATE TABLE waybill.published_topic (
    topic text PRIMARY KEY,
    published_at timestamptz NOT NULL -- true time
);
