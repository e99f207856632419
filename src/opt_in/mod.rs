//! Layers that act on responses or answer requests themselves. Each is opt-in, and reads the
//! [`Resolution`](crate::Resolution) that [`ForwardedLayer`](crate::ForwardedLayer) left.

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

/// Makes the service of an opt-in layer.
///
/// Each asks its layer's `decide` what becomes of a request: `Ok` with what is still done to the inner
/// service's response, or `Err` with why the layer answers itself.
macro_rules! opt_in_service {
    ($Service:ident of $Layer:ident) => {
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
            /// The inner service.
            pub const fn get_ref(&self) -> &S {
                &self.inner
            }

            /// The inner service, to change it.
            pub const fn get_mut(&mut self) -> &mut S {
                &mut self.inner
            }

            /// The inner service, without this one around it.
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
                match self.layer.decide(&request) {
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

/// The methods of an opt-in layer that choose its own responses.
macro_rules! refusal_response {
    ($Layer:ident { $($field:ident),* }) => {
        impl<F> $Layer<F> {
            /// Makes the responses of this layer's own with `respond`, a
            /// [`RefusalResponse`](crate::RefusalResponse): for example a closure from
            /// [`Refusal`](crate::Refusal) to a response.
            ///
            /// Without this call, they have a status and an empty body. Either way, the refusal is in
            /// the response's extensions.
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
