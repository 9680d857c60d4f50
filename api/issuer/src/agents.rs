//! The agents' authority: both ends of the channel between card agents and server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, Utc};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    Error, Founding, PRIVATE_KEY_BYTES, PrivateKey,
    authority::{Authority, ISSUING_DAYS, Wanted},
    profile::Profile,
    public_key_of_request,
};

/// The name an agent expects of the server, whatever address it dials: nobody but the server is
/// ever given a certificate for it by this authority, and agents trust no other.
pub const SERVER_NAME: &str = "latchkey";

/// The names in the server's certificate; the last one for programs that look at the address.
const SERVER_NAMES: [&str; 2] = [SERVER_NAME, "localhost"];

/// The addresses in the server's certificate.
const SERVER_ADDRESSES: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Certificates in the agents' chain: the authority's own.
const CHAIN: usize = 1;

/// Certifies agents, and the server to them. Good for nothing else.
#[derive(Debug)]
pub struct AgentsAuthority {
    authority: Authority,
}

impl AgentsAuthority {
    /// Makes a self-signed authority (10 years, path length 0). `serial` are random octets.
    pub fn create(
        founding: &Founding<'_>,
        key: PrivateKey,
        serial: [u8; 20],
    ) -> Result<Self, Error> {
        let name = "Card agents authority";
        let authority =
            Authority::create(founding, name, Some(0), ISSUING_DAYS, key.into(), serial)?;
        Ok(Self { authority })
    }

    /// Opens an authority made before; refused if `key` is not that of `certificate` (DER).
    pub fn open(key: PrivateKey, certificate: Vec<u8>) -> Result<Self, Error> {
        Ok(Self { authority: Authority::open(key.into(), &[certificate], CHAIN)? })
    }

    /// True if its name says `DEMO`.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.authority.is_demo()
    }

    /// Its own certificate, the trust anchor of both ends, as DER.
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        self.authority.certificate_der()
    }

    /// Issues a client certificate to `agent`, for the key in `request` (PKCS #10, DER, signed by
    /// that key; nothing else is taken from it). `serial` are random octets. DER.
    pub fn issue_agent_certificate(
        &self,
        request: &[u8],
        agent: Uuid,
        serial: [u8; 20],
        not_before: DateTime<Utc>,
        not_after: DateTime<Utc>,
    ) -> Result<Vec<u8>, Error> {
        let public_key = &public_key_of_request(request)?;
        let subject = self.authority.subject(&format!("Card agent {agent}"), None)?;
        let profile = Profile::agent(subject, self.authority.issuer()?, agent)?;
        let wanted = Wanted { profile, public_key, serial, not_before, not_after };
        Ok(self.authority.issue(wanted)?.der)
    }

    /// Makes a P-384 key of the random bytes `scalar` and issues the server's certificate for it:
    /// [`SERVER_NAME`], `localhost` and the loopback addresses. Certificate as DER, key as PKCS #8
    /// DER. `serial` are random octets.
    pub fn issue_server_certificate(
        &self,
        scalar: &[u8; PRIVATE_KEY_BYTES],
        serial: [u8; 20],
        not_before: DateTime<Utc>,
        not_after: DateTime<Utc>,
    ) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), Error> {
        let key = PrivateKey::from_scalar(scalar)?;
        let public_key = &key.public_key()?;
        let subject = self.authority.subject(SERVER_NAME, None)?;
        let issuer = self.authority.issuer()?;
        let profile = Profile::server(subject, issuer, &SERVER_NAMES, &SERVER_ADDRESSES)?;
        let wanted = Wanted { profile, public_key, serial, not_before, not_after };
        Ok((self.authority.issue(wanted)?.der, key.to_pkcs8_der()?))
    }
}
