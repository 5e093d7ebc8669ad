use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sidecar_spec::{Check, StopRequest};
use tonic::codegen::http::HeaderMap;
use tonic::transport::server::TcpIncoming;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use tower::ServiceExt;

use super::super::tests::{peer, serve, soon};
use super::super::{ask, request};
use super::*;
use crate::secret::Secret;

/// A request as the server saw it.
struct Seen {
    path: String,
    headers: HeaderMap,
}

/// A server with tonic's own health service, and with `acme.Backend/Stop`; each answer has this nonce.
fn server(host: &str, nonce: Option<&'static str>) -> (SocketAddr, HealthReporter, mpsc::Receiver<Seen>) {
    let reporter = HealthReporter::new();
    let health = HealthServer::new(HealthService::from_health_reporter(reporter.clone()));
    let (tell, told) = mpsc::channel();
    let (tell_address, address) = mpsc::channel();
    let host: SocketAddr = host.parse().unwrap();
    let service = tower::service_fn(move |request: Request<Body>| {
        let health = health.clone();
        let path = request.uri().path().to_owned();
        let _ = tell.send(Seen { path: path.clone(), headers: request.headers().clone() });
        async move {
            let mut response = match path.as_str() {
                "/grpc.health.v1.Health/Check" => health.oneshot(request).await?,
                "/acme.Backend/Stop" => {
                    let stop = tower::service_fn(|_: tonic::Request<()>| async {
                        Ok::<_, Status>(tonic::Response::new(()))
                    });
                    tonic::server::Grpc::new(ProstCodec::<(), ()>::default()).unary(stop, request).await
                }
                _ => Status::unimplemented("no such method").into_http(),
            };
            if let Some(nonce) = nonce {
                response.headers_mut().insert("x-sidecar-nonce", nonce.parse().unwrap());
            }
            Ok::<_, Infallible>(response)
        }
    });
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let incoming = TcpIncoming::bind(host).unwrap();
            tell_address.send(incoming.local_addr().unwrap()).unwrap();
            let _ = tonic::transport::Server::builder().serve_with_incoming(service, incoming).await;
        });
    });
    (address.recv().unwrap(), reporter, told)
}

fn told(result: Result<(), Failure>) -> (Reason, String) {
    let failure = result.unwrap_err();
    (failure.reason(), failure.to_string())
}

fn set(reporter: &HealthReporter, service: &str, status: tonic_health::ServingStatus) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(reporter.set_service_status(service, status));
}

#[test]
fn serving_is_well_and_nothing_else() {
    use tonic_health::ServingStatus::{NotServing, Serving};
    for host in ["127.0.0.1:0", "[::1]:0"] {
        let (address, reporter, requests) = server(host, None);
        let peer = peer(address);
        set(&reporter, "", Serving);
        ask(&Check::Grpc(None), &peer, soon()).unwrap();
        let seen = requests.recv().unwrap();
        assert_eq!(
            (seen.path.as_str(), seen.headers.get("authorization")),
            ("/grpc.health.v1.Health/Check", None)
        );

        set(&reporter, "acme.Backend", NotServing);
        let failure = check(&peer, Some("acme.Backend"), soon());
        assert_eq!(told(failure), (Reason::NotServing, "the health check answered NOT_SERVING".into()));
        set(&reporter, "acme.Backend", Serving);
        ask(&Check::Grpc(Some("acme.Backend".into())), &peer, soon()).unwrap();
        let failure = check(&peer, Some("acme.Other"), soon());
        let text = "the health check answered NotFound: service not registered";
        assert_eq!(told(failure), (Reason::CallError, text.into()));
    }
}

#[test]
fn a_stop_is_a_call_with_an_empty_message() {
    let (address, _reporter, requests) = server("127.0.0.1:0", None);
    let peer = Peer { token: Some(Secret::new("t0ken")), ..peer(address) };
    request(&StopRequest::Grpc("acme.Backend/Stop".into()), &peer, soon()).unwrap();
    let seen = requests.recv().unwrap();
    assert_eq!(seen.path, "/acme.Backend/Stop");
    assert_eq!(seen.headers["authorization"], "Bearer t0ken");
    let failure = call(&peer, "acme.Backend/Halt", soon());
    let text = "`acme.Backend/Halt` answered Unimplemented: no such method";
    assert_eq!(told(failure), (Reason::CallError, text.into()));
}

#[test]
fn the_answer_must_hold_the_nonce() {
    for (answered, expected) in
        [(Some("n1"), None), (None, Some(Reason::Foreign)), (Some("n2"), Some(Reason::Foreign))]
    {
        let (address, _reporter, _requests) = server("127.0.0.1:0", answered);
        let peer = Peer { nonce: Some(Secret::new("n1")), ..peer(address) };
        assert_eq!(check(&peer, None, soon()).err().map(|failure| failure.reason()), expected);
        // An error with another nonce is foreign, and one without is an error: as over HTTP.
        let reason = check(&peer, Some("acme.None"), soon()).unwrap_err().reason();
        assert_eq!(reason, if answered == Some("n2") { Reason::Foreign } else { Reason::CallError });
    }
}

#[test]
fn what_is_no_grpc_is_told() {
    let http = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let (reason, text) = told(check(&peer(http), None, soon()));
    assert_eq!(reason, Reason::Protocol, "{text}");
    assert!(text.starts_with("the answer is no gRPC: "), "{text}");
}

#[test]
fn nobody_silence_and_a_closed_connection_are_told() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(told(check(&peer(gone), None, soon())), (Reason::Refused, "connection refused".into()));
    let silent = serve(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let deadline = Instant::now() + Duration::from_millis(300);
    let failure = check(&peer(silent), None, deadline);
    assert_eq!(told(failure), (Reason::TimedOut, "no answer within 300ms".into()));
    for how_much in [0, 24, 100] {
        let closing = serve(move |mut stream| {
            let _ = stream.read_exact(&mut vec![0; how_much]);
        });
        let (reason, text) = told(check(&peer(closing), None, soon()));
        assert_eq!(reason, Reason::Closed, "{text}");
    }
}

#[test]
fn nothing_gets_into_the_request_that_is_no_method_or_token() {
    let peer = peer(serve(drop));
    assert_eq!(told(call(&peer, "a b/c\r\n", soon())).0, Reason::BadRequest);
    let peer = Peer { token: Some(Secret::new("a\r\nb")), ..peer };
    assert_eq!(told(check(&peer, None, soon())).0, Reason::BadRequest);
}
