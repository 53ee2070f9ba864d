//! A certificate authority of the test's own, and servers that speak nothing but TLS.

use std::{
    fs::Permissions,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

use super::servers::{Server, id, start_postgres, start_redis_by};

/// The user that both servers know.
pub const USER: &str = "seller";

/// An authority, in a directory that the servers' users can pass through.
#[derive(Debug)]
pub struct Authority {
    dir: TempDir,
}

impl Authority {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("jumun-authority-").tempdir().expect("a directory");
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).expect("it is ours");
        let me = Self { dir };
        // authorities of one name would be taken for one that signs badly
        let name = format!("authority-{}", uuid::Uuid::now_v7().simple());
        me.make("ca", &name, &["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"], false);
        me
    }

    /// A certificate for a server by this name (`DNS:…` or `IP:…`), or for a client, and its key.
    pub fn issue(&self, file: &str, name: &str) -> (PathBuf, PathBuf) {
        let name = format!("subjectAltName={name}");
        self.make(file, file, &["basicConstraints=critical,CA:FALSE", &name], true);
        (self.path(&format!("{file}.pem")), self.path(&format!("{file}.key")))
    }

    fn make(&self, file: &str, subject: &str, extensions: &[&str], signed: bool) {
        let (cert, key) = (self.path(&format!("{file}.pem")), self.path(&format!("{file}.key")));
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        openssl.args(["-days", "2", "-subj", &format!("/CN={subject}"), "-keyout"]).arg(&key).arg("-out").arg(&cert);
        if signed {
            openssl.arg("-CA").arg(self.ca()).arg("-CAkey").arg(self.path("ca.key"));
        }
        for extension in extensions {
            openssl.args(["-addext", extension]);
        }
        let out = openssl.output().expect("openssl runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// Its own certificate.
    pub fn ca(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// A Redis that answers on a TLS port only, to `localhost`, and knows [`USER`] only; with `mutual` it wants to see a
    /// certificate, too. What it was told it remembers over a restart.
    pub fn redis(&self, password: &str, mutual: bool) -> Server {
        let (cert, key) = self.issue("redis", "DNS:localhost");
        let (ca, ask) = (self.ca(), if mutual { "yes" } else { "no" });
        let config = |port: u16| {
            format!(
                "port 0\ntls-port {port}\ntls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\n\
                 tls-auth-clients {ask}\nuser default off\nuser {USER} on >{password} ~* &* +@all\n\
                 appendonly yes\nappendfsync always\nsave \"\"\n",
                cert.display(),
                key.display(),
                ca.display(),
            )
        };
        let mut ready = vec!["redis-cli".to_owned(), "--tls".to_owned(), "--no-auth-warning".to_owned()];
        for (flag, path) in [("--cacert", &ca), ("--cert", &cert), ("--key", &key)] {
            ready.extend([flag.to_owned(), path.display().to_string()]);
        }
        start_redis_by(&config, ready)
    }

    /// A PostgreSQL that lets in nobody without TLS and a password, with an empty database `shop` of [`USER`].
    pub async fn postgres(&self, password: &str) -> Server {
        let (cert, key) = self.issue("postgres", "DNS:localhost");
        let rules = self.path("pg_hba.conf");
        let write = |text: &str| std::fs::write(&rules, text).expect("it is ours");
        write("hostssl all postgres 127.0.0.1/32 trust\n");
        for path in [&cert, &key, &rules] {
            own(path);
        }
        let file = |setting: &str, path: &Path| format!("{setting}={}", path.display());
        let mut server = start_postgres(&[
            "ssl=on",
            &file("ssl_cert_file", &cert),
            &file("ssl_key_file", &key),
            &file("hba_file", &rules),
            "password_encryption=scram-sha-256",
        ]);
        let admin = server.url().replace("sslmode=disable", "sslmode=require");
        let mut connection = PgConnection::connect(&admin).await.expect("the first user comes in");
        let role = format!("CREATE ROLE {USER} LOGIN PASSWORD '{password}'");
        connection.execute(AssertSqlSafe(role)).await.expect("a role");
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE shop OWNER {USER}"))).await.expect("a database");
        write(&format!("hostssl all {USER} 127.0.0.1/32 scram-sha-256\n"));
        server.signal("HUP");
        let begun = Instant::now();
        while PgConnection::connect(&admin).await.is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(20), "the first user still comes in");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }
}

/// Gives a file to the user whose PostgreSQL reads it.
fn own(path: &Path) {
    if id(&["-u"]) == Some(0) {
        chown(path, id(&["-u", "postgres"]), id(&["-g", "postgres"])).expect("root may chown");
    }
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).expect("root may chmod");
}
