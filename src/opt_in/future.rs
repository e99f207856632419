//! The future of every opt-in layer's service.

use std::{
    fmt,
    future::{Future, Ready, ready},
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;

use super::{
    refusal::{self, Refusal, RefusalResponse},
    response_headers::Finish,
};

pin_project_lite::pin_project! {
    /// The future of an opt-in layer's service. It returns either the layer's own response or that of the inner
    /// service.
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProjection]
    enum State<F, B> {
        Refused { #[pin] response: Ready<Response<B>> },
        Passed { #[pin] inner: F, finish: Finish },
    }
}

impl<F, B> ResponseFuture<F, B> {
    /// The layer responds itself.
    pub(super) fn refused(refusal: Refusal, respond: &impl RefusalResponse<B>) -> Self {
        let response = ready(refusal::response(refusal, respond));
        Self {
            state: State::Refused { response },
        }
    }

    /// The inner service responds, and then `finish` changes the headers of its response.
    pub(super) const fn passed(inner: F, finish: Finish) -> Self {
        Self {
            state: State::Passed { inner, finish },
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passed { inner, finish } => inner.poll(cx).map_ok(|mut response| {
                finish.apply(response.headers_mut());
                response
            }),
            StateProjection::Refused { response } => response.poll(cx).map(Ok),
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Refused { .. } => "refused",
            State::Passed { .. } => "passed",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}
