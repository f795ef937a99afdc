//! `tls_config`: certificate authorities, client certificates and versions of TLS.

use std::io::BufReader;
use std::sync::{Arc, OnceLock};

use adopt::prometheus::{Source, TlsConfig, TlsVersion};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedProtocolVersion,
    version,
};

/// The settings of a connection.
///
/// # Errors
/// What is wrong with a certificate or key, with its file.
pub(super) fn config(settings: &TlsConfig) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(settings)?)
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier(settings, &provider)?);
    match (&settings.certificate, &settings.key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate)?;
            let text = super::secret(key)?;
            let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
                .map_err(|error| format!("the client key: {error}"))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| error.to_string())
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

fn versions(settings: &TlsConfig) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let least = settings.min_version.unwrap_or(TlsVersion::Tls12);
    let most = settings.max_version.unwrap_or(TlsVersion::Tls13);
    let all = [(TlsVersion::Tls12, &version::TLS12), (TlsVersion::Tls13, &version::TLS13)];
    let allowed: Vec<_> = all
        .into_iter()
        .filter(|(version, _)| (least..=most).contains(version))
        .map(|(_, version)| version)
        .collect();
    if allowed.is_empty() {
        return Err("tls_config allows no version that is supported: TLS12 and TLS13".to_owned());
    }
    Ok(allowed)
}

fn verifier(
    settings: &TlsConfig,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let inner = if settings.insecure_skip_verify {
        None
    } else {
        let roots = match &settings.ca {
            Some(ca) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(ca)? {
                    roots.add(certificate).map_err(|error| format!("the CA: {error}"))?;
                }
                Arc::new(roots)
            }
            None => system_roots(),
        };
        if roots.is_empty() {
            None
        } else {
            let builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider));
            Some(builder.build().map_err(|error| error.to_string())?)
        }
    };
    let name = match settings.server_name.as_deref() {
        None | Some("") => None,
        Some(name) => Some(
            ServerName::try_from(name.to_owned())
                .map_err(|error| format!("server_name {name:?}: {error}"))?,
        ),
    };
    Ok(Arc::new(Verifier {
        inner,
        name,
        is_skipped: settings.insecure_skip_verify,
        provider: Arc::clone(provider),
    }))
}

/// The certificates that the system trusts.
fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let load = || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    };
    Arc::clone(ROOTS.get_or_init(load))
}

fn certificates(source: &Source<String>) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = super::text(source)?;
    let mut reader = BufReader::new(text.as_bytes());
    let certificates = CertificateDer::pem_reader_iter(&mut reader)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("a certificate: {error}"))?;
    if certificates.is_empty() {
        return Err("a file with certificates has none".to_owned());
    }
    Ok(certificates)
}

/// Verifies a server by a name that may differ from that of the URL, or not at all.
#[derive(Debug)]
struct Verifier {
    /// `None` where nothing is trusted, or everything is.
    inner: Option<Arc<WebPkiServerVerifier>>,
    name: Option<ServerName<'static>>,
    /// `insecure_skip_verify`
    is_skipped: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.is_skipped {
            return Ok(ServerCertVerified::assertion());
        }
        let Some(inner) = &self.inner else {
            return Err(rustls::Error::General("the system trusts no certificate".to_owned()));
        };
        let name = self.name.as_ref().unwrap_or(server_name);
        inner.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
