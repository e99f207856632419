//! What layers that may answer a request themselves have in common.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

pin_project_lite::pin_project! {
    /// Resolves to an answer of the layer's own, or to the inner service's with its fields finished.
    #[derive(Debug)]
    pub struct AnswerFuture<F, R, E = Untouched> {
        #[pin]
        state: State<F, R, E>,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F, R, E> {
        Answered { response: Option<Response<R>> },
        Passed { #[pin] inner: F, finish: E },
    }
}

/// What a layer still does to the fields of the inner service's answer.
pub trait Finish {
    /// Does it.
    fn finish(&mut self, headers: &mut HeaderMap);
}

/// Leaves the inner service's answer as it is.
#[derive(Clone, Copy, Debug)]
pub struct Untouched;

impl Finish for Untouched {
    fn finish(&mut self, _: &mut HeaderMap) {}
}

impl<F, R, E> AnswerFuture<F, R, E> {
    /// The layer answers.
    pub(crate) fn answered(response: Response<R>) -> Self {
        Self {
            state: State::Answered {
                response: Some(response),
            },
        }
    }

    /// The inner service answers, and `finish` has the last word on its fields.
    pub(crate) fn finished(inner: F, finish: E) -> Self {
        Self {
            state: State::Passed { inner, finish },
        }
    }
}

impl<F, R> AnswerFuture<F, R> {
    /// The inner service answers.
    pub(crate) fn passed(inner: F) -> Self {
        Self::finished(inner, Untouched)
    }
}

impl<F, R, Failure, E> Future for AnswerFuture<F, R, E>
where
    F: Future<Output = Result<Response<R>, Failure>>,
    E: Finish,
{
    type Output = Result<Response<R>, Failure>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passed { inner, finish } => {
                let mut result = ready!(inner.poll(cx));
                if let Ok(response) = &mut result {
                    finish.finish(response.headers_mut());
                }
                Poll::Ready(result)
            }
            // A future that is polled after its end has no answer left, and never gets one.
            StateProjection::Answered { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                None => Poll::Pending,
            },
        }
    }
}

/// A small problem document (RFC 9457). `detail` holds nothing that a client wrote.
pub(crate) fn problem<R: From<String>>(status: StatusCode, detail: &str) -> Response<R> {
    let body = format!(
        "{{\"type\":\"about:blank\",\"title\":\"{}\",\"status\":{},\"detail\":\"{detail}\"}}",
        status.canonical_reason().unwrap_or_default(),
        status.as_u16(),
    );
    let mut response = Response::new(R::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
}

/// The answer of a layer that needs a [`Resolution`](crate::Resolution) and finds none.
pub(crate) fn layer_missing<R: From<String>>() -> Response<R> {
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "no ForwardedLayer has seen this request: add it outside of this layer",
    )
}
