//! What layers that may answer a request themselves have in common.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderName, HeaderValue, Response, StatusCode, header};

pin_project_lite::pin_project! {
    /// Resolves to an answer of the layer's own, or to the inner service's.
    #[derive(Debug)]
    pub struct AnswerFuture<F, R> {
        #[pin]
        state: State<F, R>,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F, R> {
        Answered { response: Option<Response<R>> },
        Passed { #[pin] inner: F, add: Option<(HeaderName, HeaderValue)> },
    }
}

impl<F, R> AnswerFuture<F, R> {
    /// The layer answers.
    pub(crate) fn answered(response: Response<R>) -> Self {
        Self {
            state: State::Answered {
                response: Some(response),
            },
        }
    }

    /// The inner service answers.
    pub(crate) fn passed(inner: F) -> Self {
        Self::passed_with(inner, None)
    }

    /// The inner service answers, and a field is added if it is not there.
    pub(crate) fn passed_with(inner: F, add: Option<(HeaderName, HeaderValue)>) -> Self {
        Self {
            state: State::Passed { inner, add },
        }
    }
}

impl<F, R, E> Future for AnswerFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passed { inner, add } => {
                let mut result = ready!(inner.poll(cx));
                if let (Ok(response), Some((name, value))) = (&mut result, add.take()) {
                    response.headers_mut().entry(name).or_insert(value);
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
