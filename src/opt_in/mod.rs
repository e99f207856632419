//! Layers that change responses, or respond to requests themselves. Each is opt-in, and reads the
//! [`Resolution`](crate::Resolution) that [`ForwardedLayer`](crate::ForwardedLayer) stored in the request.

pub(crate) mod allowed_hosts;
pub(crate) mod check_order;
mod exempt;
mod future;
pub(crate) mod https_redirect;
pub(crate) mod location;
pub(crate) mod refusal;
pub(crate) mod reject;
mod response_headers;
pub(crate) mod trusted_peers;

pub use self::future::ResponseFuture;

/// Defines the service of an opt-in layer.
///
/// The service calls its layer's `decide` for each request. `Ok` says what to change in the inner service's response.
/// `Err` says why the layer responds itself.
macro_rules! opt_in_service {
    ($Service:ident of $Layer:ident) => {
        impl<F> $Layer<F> {
            /// The same layer, but turned off: it passes every request on unchanged. For a configuration that does not
            /// enable it.
            #[cfg(feature = "serde")]
            pub(crate) fn off(mut self) -> Self {
                self.is_off = true;
                self
            }
        }

        impl<S, F: Clone> ::tower_layer::Layer<S> for $Layer<F> {
            type Service = $Service<S, F>;

            fn layer(&self, inner: S) -> Self::Service {
                $Service {
                    inner,
                    layer: self.clone(),
                }
            }
        }

        #[doc = concat!("The service that [`", stringify!($Layer), "`] makes.")]
        #[derive(Clone, Debug)]
        pub struct $Service<S, F = $crate::opt_in::refusal::EmptyResponse> {
            inner: S,
            layer: $Layer<F>,
        }

        impl<S, F> $Service<S, F> {
            /// Gets a reference to the inner service.
            pub const fn get_ref(&self) -> &S {
                &self.inner
            }

            /// Gets a mutable reference to the inner service.
            pub const fn get_mut(&mut self) -> &mut S {
                &mut self.inner
            }

            /// Consumes `self`, and returns the inner service.
            pub fn into_inner(self) -> S {
                self.inner
            }
        }

        impl<S, F, B, R> ::tower_service::Service<::http::Request<B>> for $Service<S, F>
        where
            S: ::tower_service::Service<::http::Request<B>, Response = ::http::Response<R>>,
            F: $crate::opt_in::refusal::RefusalResponse<R>,
        {
            type Response = ::http::Response<R>;
            type Error = S::Error;
            type Future = $crate::opt_in::ResponseFuture<S::Future, R>;

            fn poll_ready(
                &mut self,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<Result<(), S::Error>> {
                self.inner.poll_ready(cx)
            }

            fn call(&mut self, request: ::http::Request<B>) -> Self::Future {
                let decided = if self.layer.is_off {
                    Ok($crate::opt_in::response_headers::Finish::Nothing)
                } else {
                    self.layer.decide(&request)
                };
                match decided {
                    Ok(finish) => {
                        $crate::opt_in::ResponseFuture::passed(self.inner.call(request), finish)
                    }
                    Err(refusal) => $crate::opt_in::ResponseFuture::refused(
                        refusal,
                        &self.layer.refusal_response,
                    ),
                }
            }
        }
    };
}
use opt_in_service;

/// Defines the method that chooses how an opt-in layer builds its own responses.
macro_rules! refusal_response {
    ($Layer:ident { $($field:ident),* }) => {
        impl<F> $Layer<F> {
            /// Builds this layer's own responses with `respond`, a [`RefusalResponse`](crate::RefusalResponse). A
            /// closure that turns a [`Refusal`](crate::Refusal) into a response is one.
            ///
            /// Without this call, the responses have a status and an empty body. In both cases, the refusal is in the
            /// response's extensions.
            pub fn refusal_response<N>(self, respond: N) -> $Layer<N> {
                $Layer {
                    $($field: self.$field,)*
                    refusal_response: respond,
                }
            }
        }
    };
}
use refusal_response;
