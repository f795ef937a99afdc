//! Custom root certificates (`OTEL_EXPORTER_OTLP_CERTIFICATE`). Client certificates are not
//! supported.

use crate::configure::read_text;
use std::{path::Path, sync::Arc};
use tokio_rustls::rustls::{
    ClientConfig, Error, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, pem::PemObject},
};

/// The largest CA bundles have a few hundred kilobytes.
const BYTES_MAX: u64 = 4 << 20;

/// Root certificates from a file, at least one.
pub(super) struct Roots {
    #[cfg(feature = "grpc")]
    pem: String,
    store: RootCertStore,
}

impl Roots {
    /// Reads PEM. The error is human-readable.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let wrong = |problem: &str| format!("the certificate {}: {problem}", path.display());
        let pem = read_text(path, BYTES_MAX).map_err(|problem| wrong(&problem))?;
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| wrong(&format!("no PEM: {error}")))?;
            store.add(certificate).map_err(|error| wrong(&error.to_string()))?;
        }
        if store.is_empty() {
            return Err(wrong("has no certificate in PEM"));
        }
        Ok(Self {
            #[cfg(feature = "grpc")]
            pem,
            store,
        })
    }

    /// A client that trusts only these certificates.
    pub(super) fn client(self, provider: CryptoProvider) -> Result<ClientConfig, Error> {
        let client = ClientConfig::builder_with_provider(Arc::new(provider));
        let client = client.with_safe_default_protocol_versions()?;
        Ok(client.with_root_certificates(self.store).with_no_client_auth())
    }

    /// The text of the file.
    #[cfg(feature = "grpc")]
    pub(super) fn into_pem(self) -> String {
        self.pem
    }
}
