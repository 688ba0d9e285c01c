//! Traces of a real server, as a collector receives them.

mod collector;

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::{
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind},
};
use system_tests::{App, Deed, eventually};

use collector::Collector;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |place: usize| u8::from_str_radix(&hex[place..place + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn attributes(of: &[KeyValue]) -> BTreeMap<&str, String> {
    of.iter()
        .filter_map(|attribute| {
            let value = match attribute.value.as_ref()?.value.as_ref()? {
                Value::StringValue(text) => text.clone(),
                Value::IntValue(number) => number.to_string(),
                other => format!("{other:?}"),
            };
            Some((attribute.key.as_str(), value))
        })
        .collect()
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_a_span_below_that_of_its_client_and_linked_to_its_transaction() {
    let collector = Collector::start().await;
    let mut app = App::start(0).await;
    app.add_with(&[(ENDPOINT, &collector.url)]).await;
    let show = app.schedule(10).await;
    let fan = app.shopper(0, 0).await;
    let hold = |seats: Vec<u32>, sampled: &str| {
        let schedule = show.clone();
        fan.request_for(&Deed::Hold { schedule, seats }, None)
            .header("traceparent", format!("00-{TRACE}-{PARENT}-{sampled}"))
    };
    let held = system_tests::Answer::of(hold(vec![1], "01")).await;
    assert_eq!(held.status, 201, "{held:?}");
    assert_eq!(hold(vec![2], "00").send().await.unwrap().status(), 201);
    // All that was not sent is sent when the server stops.
    assert!(app.servers.remove(0).stop().await.success());

    let spans = collector.spans();
    let holds = named(&spans, "POST /v1/reservations");
    let [request] = holds[..] else {
        panic!("the one that its client does not record is not recorded: {holds:?}");
    };
    assert_eq!(request.trace_id, bytes(TRACE));
    assert_eq!(request.parent_span_id, bytes(PARENT));
    assert_eq!(request.kind(), SpanKind::Server);
    let told = attributes(&request.attributes);
    let of = |name: &str| told.get(name).map(String::as_str);
    assert_eq!(of("http.request.method"), Some("POST"));
    assert_eq!(of("http.route"), Some("/v1/reservations"));
    assert_eq!(of("http.response.status_code"), Some("201"));
    assert_eq!(of("request_id"), held.headers["x-request-id"].to_str().ok());
    assert_eq!(of("user_id"), Some(&*fan.id));
    assert_eq!(of("reservation_id"), Some(held.text("id")));

    let batches = named(&spans, "hold");
    let batch = batches.iter().find(|batch| {
        let mut links = batch.links.iter();
        links.any(|link| link.span_id == request.span_id && link.trace_id == request.trace_id)
    });
    let told = attributes(&batch.expect("no batch is linked to the hold").attributes);
    assert_eq!((&*told["lane"], &*told["requests"]), ("hold", "1"));
    let signed_up = named(&spans, "POST /v1/users");
    assert!(signed_up[0].parent_span_id.is_empty(), "a trace of its own");
    assert_eq!(collector.services(), ["boxoffice"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_the_server_serves_on_and_says_so_once() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let mut app = App::start(0).await;
    let endpoint = format!("http://{address}");
    app.add_with(&[
        (ENDPOINT, &endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("BOXOFFICE_LOG", "info"),
    ])
    .await;
    let complaints = || {
        app.servers[0]
            .log()
            .matches("traces cannot be sent")
            .count()
    };
    eventually("the first failure is told", async || {
        app.fan(0).await;
        complaints() == 1
    })
    .await;
    for _ in 0..20 {
        app.fan(0).await;
    }
    let collector = Collector::at(address).await;
    eventually("it is told that traces are sent again", async || {
        app.fan(0).await;
        app.servers[0].log().contains("traces are sent again")
    })
    .await;
    assert_eq!(complaints(), 1);
    assert!(!collector.spans().is_empty());
}
