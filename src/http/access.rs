//! What is known of a route but its handler: its path, who may use it, what it is. The guard and the OpenAPI document look
//! here, and `routes` fills it in.

use actix_web::{Route as ActixRoute, http::Method};

use super::tokens::Role;

/// Who may use a route.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    /// no token needed
    All,
    Roles(&'static [Role]),
    /// no token: the body is signed by whom it comes from, and the handler checks that before anything else
    Signed,
}

impl Access {
    /// Whether this role may.
    pub fn lets(self, role: Role) -> bool {
        match self {
            Access::All => true,
            Access::Roles(roles) => roles.contains(&role),
            Access::Signed => false,
        }
    }
}

/// A route.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    /// a sentence, for the document
    pub about: &'static str,
    /// what the body is, for the document: a schema's name
    pub body: Option<&'static str>,
    /// what it answers with: a schema's name
    pub answer: Option<&'static str>,
    pub handler: fn(Method) -> ActixRoute,
}

impl Route {
    /// Of a route that takes any type of command by its path: where in the path the type stands. The router knows one name for
    /// a place, whatever the method.
    pub fn gap(&self) -> Option<&'static str> {
        match self.body {
            Some("CommandBody") => Some("{id}"),
            Some("CommandFields") => Some("{part}"),
            _ => None,
        }
    }

    /// Its path as people read it.
    pub fn told(&self) -> String {
        self.gap().map_or_else(|| self.path.to_owned(), |gap| self.path.replace(gap, "{type}"))
    }
}

/// All routes of the HTTP API.
pub struct Table(pub Vec<Route>);

impl Table {
    /// The access of a route as it was matched; `None`: there is no such route.
    pub fn access(&self, method: &Method, pattern: &str) -> Option<Access> {
        self.0.iter().find(|r| r.method == method && r.path == pattern).map(|r| r.access)
    }

    /// The methods of a path.
    pub fn methods(&self, pattern: &str) -> Vec<&str> {
        self.0.iter().filter(|r| r.path == pattern).map(|r| r.method.as_str()).collect()
    }
}
