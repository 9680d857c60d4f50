//! The one list of staff's routes, each with its act. What is not in it lets nobody in.

use axum::{
    Extension, Router,
    handler::Handler,
    http::Method,
    routing::{MethodRouter, get, post},
};
use domain::staff::StaffAct;
use utoipa::openapi::path::PathItem;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::{HOLDER_PARAMETER, Listed, NamesAct};
use crate::{app::App, portal, rest};

/// A route of staff's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffRoute {
    /// Its method.
    pub method: Method,
    /// Its address, with its parts in braces.
    pub path: String,
    /// What is done there.
    pub act: StaffAct,
}

impl StaffRoute {
    /// True if it is about one person's record.
    #[must_use]
    pub fn is_about_a_person(&self) -> bool {
        self.path.contains(&format!("{{{HOLDER_PARAMETER}}}"))
    }
}

/// Every route of staff's, of API and portal.
#[must_use]
pub fn all() -> Vec<StaffRoute> {
    let api = rest::staff_routes()
        .into_iter()
        .map(|route| StaffRoute { path: format!("{}{}", rest::PREFIX, route.path), ..route });
    api.chain(portal::staff_routes()).collect()
}

/// Pages of staff's: routes, and the list of them.
#[derive(Debug, Default)]
pub struct StaffPages {
    router: Router<App>,
    list: Vec<StaffRoute>,
}

impl StaffPages {
    /// With a page that is looked at.
    #[must_use]
    pub fn get<A, H, T>(self, act: A, path: &str, handler: H) -> Self
    where
        A: NamesAct,
        H: Handler<T, App>,
        T: 'static,
    {
        self.with(act, Method::GET, path, get(handler))
    }

    /// With a form that is sent.
    #[must_use]
    pub fn post<A, H, T>(self, act: A, path: &str, handler: H) -> Self
    where
        A: NamesAct,
        H: Handler<T, App>,
        T: 'static,
    {
        self.with(act, Method::POST, path, post(handler))
    }

    /// With all of these.
    #[must_use]
    pub fn merge(mut self, others: Self) -> Self {
        self.list.extend(others.list);
        Self { router: self.router.merge(others.router), list: self.list }
    }

    /// The routes alone.
    pub fn into_router(self) -> Router<App> {
        self.router
    }

    /// The list alone.
    #[must_use]
    pub fn into_list(self) -> Vec<StaffRoute> {
        self.list
    }

    fn with<A: NamesAct>(
        mut self,
        act: A,
        method: Method,
        path: &str,
        handler: MethodRouter<App>,
    ) -> Self {
        self.list.push(StaffRoute { method, path: path.to_owned(), act: A::ACT });
        let handler = handler.layer(Extension(Listed::under(act)));
        Self { router: self.router.route(path, handler), list: self.list }
    }
}

/// Staff's part of the API: described routes, and the list of them.
#[derive(Default)]
pub struct StaffApi {
    router: OpenApiRouter<App>,
    list: Vec<StaffRoute>,
}

impl StaffApi {
    /// With what `routes!` makes of handlers that all name this act.
    #[must_use]
    pub fn with<A: NamesAct>(mut self, act: A, routes: UtoipaMethodRouter<App>) -> Self {
        let (schemas, paths, handler) = routes;
        for (path, item) in &paths.paths {
            let listed = methods(item).into_iter().map(|method| StaffRoute {
                method,
                path: path.clone(),
                act: A::ACT,
            });
            self.list.extend(listed);
        }
        let handler = handler.layer(Extension(Listed::under(act)));
        Self { router: self.router.routes((schemas, paths, handler)), list: self.list }
    }

    /// With all of these.
    #[must_use]
    pub fn merge(mut self, others: Self) -> Self {
        self.list.extend(others.list);
        Self { router: self.router.merge(others.router), list: self.list }
    }

    /// These and all of staff's.
    #[must_use]
    pub fn onto(self, others: OpenApiRouter<App>) -> OpenApiRouter<App> {
        others.merge(self.router)
    }

    /// The list alone.
    #[must_use]
    pub fn into_list(self) -> Vec<StaffRoute> {
        self.list
    }
}

/// The methods of an address that are described.
fn methods(item: &PathItem) -> Vec<Method> {
    let described = [
        (item.get.is_some(), Method::GET),
        (item.post.is_some(), Method::POST),
        (item.put.is_some(), Method::PUT),
        (item.delete.is_some(), Method::DELETE),
        (item.patch.is_some(), Method::PATCH),
    ];
    described.into_iter().filter(|(is_there, _)| *is_there).map(|(_, method)| method).collect()
}
