DROP TABLE webhook_letters;
DROP TABLE webhook_endpoints;
DROP TABLE event_state;
DROP TABLE event_batches;
