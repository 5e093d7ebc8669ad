//! gRPC: the standard health service, and a call with an empty message.
//!
//! Each call has a runtime of its own on the calling thread, which must not be a thread of another runtime.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper::{Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tonic::Status;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codegen::Service;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;

use super::failure::{Failure, Reason, shown, within};
use super::tcp::Connection;
use super::{Nonce, Peer};
use crate::env;

/// No larger message is read, in bytes: the answer to a health check has two.
const MESSAGE_LIMIT: usize = 64 << 10;

/// Asks the health service, for the whole server or for one service of it. Only SERVING is well.
pub(crate) fn check(peer: &Peer, service: Option<&str>, deadline: Instant) -> Result<(), Failure> {
    let message = HealthCheckRequest { service: service.unwrap_or_default().to_owned() };
    let request = authorized(peer, message)?;
    run(peer, deadline, async |server| {
        let mut client =
            HealthClient::with_origin(server, origin(peer)?).max_decoding_message_size(MESSAGE_LIMIT);
        let response =
            client.check(request).await.map_err(|status| of_status(peer, "the health check", &status))?;
        let nonce = nonce_in(peer, response.metadata());
        match response.get_ref().status() {
            ServingStatus::Serving => nonce.proven(),
            _ if nonce == Nonce::Wrong => nonce.proven(),
            other => {
                let text = format!("the health check answered {}", other.as_str_name());
                Err(Failure::new(Reason::NotServing, text))
            }
        }
    })
}

/// Calls `package.Service/Method` with an empty message; what it answers does not matter, as long as it is no error.
pub(crate) fn call(peer: &Peer, method: &str, deadline: Instant) -> Result<(), Failure> {
    let path = PathAndQuery::try_from(format!("/{method}"))
        .map_err(|_| Failure::new(Reason::BadRequest, "the method cannot stand in a request"))?;
    let request = authorized(peer, ())?;
    run(peer, deadline, async |server| {
        let mut client = Grpc::with_origin(server, origin(peer)?).max_decoding_message_size(MESSAGE_LIMIT);
        client.ready().await.map_err(|_| Failure::closed())?;
        let answer = client.unary(request, path, ProstCodec::<(), ()>::default()).await;
        answer.map(drop).map_err(|status| of_status(peer, &format!("`{method}`"), &status))
    })
}

/// Connects, and runs what asks over the connection; all of it ends at the deadline.
fn run(
    peer: &Peer,
    deadline: Instant,
    ask: impl AsyncFnOnce(Server) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let within = within(deadline);
    let of_io = |e: &io::Error| Failure::of_io(e, within);
    let stream = Connection::open(peer.address, deadline)?.into_stream();
    stream.set_nonblocking(true).map_err(|e| of_io(&e))?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|e| of_io(&e))?;
    let asked = async {
        let stream = TokioIo::new(TcpStream::from_std(stream).map_err(|e| of_io(&e))?);
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), stream).await.map_err(|e| of_connection(&e))?;
        let connection = tokio::spawn(connection);
        match ask(Server(sender)).await {
            // What ended the connection is known to the connection alone.
            Err(failure) if failure.reason() == Reason::Closed => match connection.await {
                Ok(Err(error)) => Err(of_connection(&error)),
                _ => Err(failure),
            },
            answer => answer,
        }
    };
    // The time is only known within the runtime, so the limit is made there.
    let answer = runtime.block_on(async { tokio::time::timeout_at(deadline.into(), asked).await });
    answer.unwrap_or_else(|_| Err(Failure::timed_out(within)))
}

/// One connection to the sidecar. Not the channel of tonic: that one connects anew when the connection ends, so that why
/// it ended is lost.
#[derive(Debug, Clone)]
struct Server(http2::SendRequest<Body>);

impl Service<Request<Body>> for Server {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = hyper::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

/// Where every request goes: scheme and authority of HTTP/2.
fn origin(peer: &Peer) -> Result<Uri, Failure> {
    Uri::try_from(format!("http://{}", peer.address))
        .map_err(|e| Failure::new(Reason::BadRequest, e.to_string()))
}

fn authorized<T>(peer: &Peer, message: T) -> Result<tonic::Request<T>, Failure> {
    let mut request = tonic::Request::new(message);
    if let Some(token) = &peer.token {
        let value = MetadataValue::try_from(format!("Bearer {}", token.reveal()));
        let mut value =
            value.map_err(|_| Failure::new(Reason::BadRequest, "the token cannot stand in a header"))?;
        value.set_sensitive(true);
        request.metadata_mut().insert("authorization", value);
    }
    Ok(request)
}

fn nonce_in(peer: &Peer, metadata: &MetadataMap) -> Nonce {
    let name = env::NONCE_HEADER.to_ascii_lowercase();
    peer.judge(metadata.get_all(name).iter().map(MetadataValue::as_encoded_bytes))
}

/// A status that the sidecar sent, or one that stands for a connection that failed.
fn of_status(peer: &Peer, what: &str, status: &Status) -> Failure {
    if status.source().is_some() {
        return Failure::closed();
    }
    if nonce_in(peer, status.metadata()) == Nonce::Wrong
        && let Err(foreign) = Nonce::Wrong.proven()
    {
        return foreign;
    }
    let mut text = format!("{what} answered {:?}", status.code());
    if !status.message().is_empty() {
        text = format!("{text}: {}", shown(status.message()));
    }
    Failure::new(Reason::CallError, text)
}

/// Why a connection ended: it was closed, or what came was no HTTP/2.
fn of_connection(error: &hyper::Error) -> Failure {
    let causes = || std::iter::successors(Some(error as &(dyn StdError + 'static)), |&error| error.source());
    // Every error of the system within a connection is that it has ended.
    if causes().any(<dyn StdError>::is::<io::Error>) {
        return Failure::closed();
    }
    let cause = causes().last().map_or_else(String::new, ToString::to_string);
    Failure::new(Reason::Protocol, format!("the answer is no gRPC: {}", shown(&cause)))
}

#[cfg(test)]
mod tests;
