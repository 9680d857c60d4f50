//! The agents' channel over real TLS, with the agent's own code on the other end: who gets in, and who does not.

use card_agent::{
    channel::{Dialler, Introduction, ServerAddress, ask_once, tls},
    enrolment::{self, Enrolment, Invitation},
    entropy::Entropy,
};
use chrono::Duration;
use protocol::{Answer, JobId, Request, Secret, Slot};
use stores::agent::AgentId;
use tests::desk::{Desk, card::SoftCard};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long a test waits for a line to come up or to go down.
const SOON: std::time::Duration = std::time::Duration::from_secs(20);

/// A desk whose channel is open.
struct Open {
    desk: Desk,
    address: ServerAddress,
    _listening: DropGuard,
}

async fn open() -> Open {
    open_seeded(1).await
}

async fn open_seeded(seed: u64) -> Open {
    let desk = Desk::open_today(seed).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string().parse().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(api::agents::listen(desk.app().clone(), listener, stop.clone()));
    Open { desk, address, _listening: stop.drop_guard() }
}

impl Open {
    async fn invited(&self) -> Invitation {
        let invitation = api::agents::enrolment::invite(self.desk.app()).await.unwrap();
        self.invitation(invitation.code)
    }

    fn invitation(&self, code: Secret) -> Invitation {
        let authority =
            tls::fingerprint(self.desk.app().agents_authority().unwrap().certificate_der());
        let (server, workstation) = (self.address.clone(), "ward 3".to_owned());
        Invitation { server, authority, code, workstation }
    }

    async fn enrol(&self) -> Enrolment {
        enrolment::enrol(self.invited().await, &mut Entropy).await.unwrap()
    }

    /// Asks what a job is that nobody started: whoever gets in is answered.
    async fn look(&self, enrolment: &Enrolment) -> anyhow::Result<Answer> {
        let job = JobId(uuid::Uuid::from_u128(1));
        ask_once(&self.address, tls::enrolled(enrolment)?, "ward 3", Request::Look { job }).await
    }

    async fn agents(&self) -> Vec<stores::agent::Agent> {
        self.desk.app().stores().agents.list(None, 10).await.unwrap()
    }
}

#[tokio::test]
async fn an_enrolled_workstation_gets_in_and_is_answered() {
    let open = open().await;
    let enrolment = open.enrol().await;
    let answer = open.look(&enrolment).await.unwrap();
    assert!(matches!(answer, Answer::Refused { .. }), "{answer:?}");
    let agents = open.agents().await;
    assert_eq!((agents.len(), agents[0].workstation.as_str()), (1, "ward 3"));
}

#[tokio::test]
async fn an_enrolment_code_enrols_once_within_15_minutes_and_a_guess_never() {
    let open = open().await;
    let invited = open.invited().await;
    let code = invited.code.clone();
    assert!(enrolment::enrol(invited, &mut Entropy).await.is_ok());
    assert!(enrolment::enrol(open.invitation(code), &mut Entropy).await.is_err());
    assert!(enrolment::enrol(open.invitation(Secret(vec![0; 10])), &mut Entropy).await.is_err());
    assert!(enrolment::enrol(open.invitation(Secret(vec![])), &mut Entropy).await.is_err());
    let late = open.invited().await;
    open.desk.wait(Duration::minutes(15));
    assert!(enrolment::enrol(late, &mut Entropy).await.is_err());
    assert_eq!(open.agents().await.len(), 1);
}

#[tokio::test]
async fn without_a_certificate_nothing_is_answered_but_an_enrolment() {
    let open = open().await;
    let job = JobId(uuid::Uuid::from_u128(1));
    for request in [Request::Look { job }, Request::CurrentTag { job, tag: Secret(vec![1; 64]) }] {
        let bare = tls::by_fingerprint(open.invitation(Secret(vec![])).authority).unwrap();
        assert!(ask_once(&open.address, bare, "ward 3", request).await.is_err());
    }
}

#[tokio::test]
async fn a_certificate_of_the_authority_that_was_never_enrolled_does_not_get_in() {
    let open = open().await;
    let authority = open.desk.app().agents_authority().unwrap().certificate_der().to_vec();
    let card = SoftCard::blank("0A01").unwrap();
    let request = card.request(Slot::CardAuthentication).unwrap();
    let now = open.desk.now();
    let until = now + Duration::days(1);
    let issued = open.desk.app().agents_authority().unwrap().issue_agent_certificate(
        &request,
        uuid::Uuid::from_u128(9),
        [7; 20],
        now,
        until,
    );
    let unknown = Enrolment {
        key: card.private_key(Slot::CardAuthentication).unwrap(),
        certificate: issued.unwrap(),
        authority,
    };
    assert!(open.look(&unknown).await.is_err());
    assert!(open.agents().await.is_empty());
}

#[tokio::test]
async fn a_certificate_of_another_authority_does_not_get_in() {
    let (open, elsewhere) = (open().await, self::open_seeded(2).await);
    let authority = open.desk.app().agents_authority().unwrap().certificate_der().to_vec();
    let foreign = Enrolment { authority, ..elsewhere.enrol().await };
    assert!(open.look(&foreign).await.is_err());
}

#[tokio::test]
async fn a_revoked_workstation_is_hung_up_on_and_does_not_get_in_again() {
    let open = open().await;
    let enrolment = open.enrol().await;
    let agent = open.agents().await[0].agent_id;
    let (_readers, seen) = watch::channel(Vec::new());
    let introduction = Introduction { workstation: "ward 3".to_owned() };
    let tls = tls::enrolled(&enrolment).unwrap();
    let (dialler, _channel) = Dialler::new(open.address.clone(), tls, introduction, seen);
    let stop = CancellationToken::new();
    let dialling = tokio::spawn(dialler.run(stop.clone(), Entropy));
    connected(&open.desk, true).await;

    revoke(&open.desk, agent).await;

    connected(&open.desk, false).await;
    assert!(open.look(&enrolment).await.is_err());
    stop.cancel();
    dialling.await.unwrap();
}

/// Waits until the server has an agent on the line, or none.
async fn connected(desk: &Desk, wanted: bool) {
    let mut changes = desk.app().agents().changes();
    let reached = async {
        while desk.app().agents().any_connected().await.unwrap() != wanted {
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(SOON, reached).await.unwrap();
}

/// Revokes as the operator's socket does.
async fn revoke(desk: &Desk, agent: AgentId) {
    assert!(desk.app().stores().agents.revoke(agent, desk.now()).await.unwrap());
    desk.app().agents().hang_up(agent).await.unwrap();
}
