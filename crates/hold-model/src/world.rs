//! Clients, servers, the database and the time, and all that can happen next.

use std::collections::BTreeSet;

use stateright::{Model, Property};

use crate::{
    database::{BALANCE, Database, Id, Reservation, SEATS, Status, USERS, Write},
    decide::{Answer, Request, TTL, decide},
    properties,
};

/// Two users, two seats, two server processes.
#[derive(Clone, Copy, Debug)]
pub struct Sale {
    /// Whether a transaction locks the schedule before it reads.
    pub locks: bool,
    /// Whether a client is answered only when the transaction is committed.
    pub answers_after_commit: bool,
    /// Whether the first user has paid for the first seat before it begins.
    pub sold: bool,
    /// How many requests each user makes.
    pub requests: u8,
    /// When time ends.
    pub end: u8,
    /// How often a server crashes.
    pub crashes: u8,
}

impl Default for Sale {
    fn default() -> Self {
        Self {
            locks: true,
            answers_after_commit: true,
            sold: false,
            requests: 2,
            end: 1,
            crashes: 1,
        }
    }
}

/// What a server process does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Server {
    /// Nothing.
    #[default]
    Idle,
    /// It has a request, and waits for its lock.
    Asked(Request),
    /// Its transaction has read and decided; it holds the lock.
    Decided(Request, Answer, Vec<Write>),
    /// Its transaction is committed, and the client not yet answered.
    Committed(Request, Answer),
}

/// What a user did and was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Client {
    /// How many requests they made.
    pub asked: u8,
    /// They wait for an answer.
    pub waits: bool,
    /// The reservations that they were told are held.
    pub told_held: BTreeSet<Id>,
    /// Those that they were told are paid.
    pub told_paid: BTreeSet<Id>,
    /// Those that they asked to cancel.
    pub gave_up: BTreeSet<Id>,
}

/// A state of the world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct World {
    /// The time.
    pub now: u8,
    /// How many crashes there were.
    pub crashes: u8,
    /// A crash came between a commit and the answer.
    pub hidden_commit: bool,
    /// The number that the next hold gets.
    pub next_id: Id,
    /// What is committed.
    pub database: Database,
    /// The reservations that were ever paid.
    pub ever_paid: BTreeSet<Id>,
    /// The server processes.
    pub servers: [Server; 2],
    /// The users.
    pub clients: [Client; USERS],
}

/// Something that happens. Numbers of servers and users are from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A server is asked.
    Ask(usize, Request),
    /// A server's transaction takes its lock, reads and decides.
    Decide(usize),
    /// A server's transaction is committed, and its lock released.
    Commit(usize),
    /// A server answers its client.
    Answer(usize),
    /// A server crashes: its transaction is rolled back, its client waits no longer.
    Crash(usize),
    /// Time passes.
    Tick,
}

impl Request {
    fn user(&self) -> Option<usize> {
        match self {
            Self::Hold(user, ..) | Self::Pay(user, _) | Self::Cancel(user, _) => Some(*user),
            Self::Sweep => None,
        }
    }
}

impl World {
    /// The first user has paid for the first seat.
    fn sold() -> Self {
        let (id, user) = (0, 0);
        let mut world = Self {
            next_id: 1,
            ever_paid: [id].into(),
            ..Self::default()
        };
        let reservation = Reservation {
            user,
            seats: vec![0],
            until: TTL,
            status: Status::Pending,
        };
        let left = BALANCE - reservation.amount();
        let writes = vec![Write::Hold(id, reservation), Write::Sell(id, left)];
        world.database.commit(writes);
        world.clients[user].told_held.insert(id);
        world.clients[user].told_paid.insert(id);
        world
    }

    /// What users and the sweeper may ask now.
    fn requests(&self, sale: Sale) -> Vec<Request> {
        let mut requests = Vec::new();
        let mut rows = self.database.reservations.values();
        if rows.any(|row| row.status == Status::Pending && row.until <= self.now) {
            requests.push(Request::Sweep);
        }
        for (user, client) in self.clients.iter().enumerate() {
            if client.waits || client.asked == sale.requests {
                continue;
            }
            for seat in 0..SEATS {
                requests.push(Request::Hold(user, vec![seat], self.next_id));
            }
            requests.push(Request::Hold(user, (0..SEATS).collect(), self.next_id));
            for id in &client.told_held {
                requests.push(Request::Pay(user, *id));
                requests.push(Request::Cancel(user, *id));
            }
        }
        requests
    }

    fn is_locked(&self) -> bool {
        let decided = |server: &Server| matches!(server, Server::Decided(..));
        self.servers.iter().any(decided)
    }

    fn ask(&mut self, server: usize, request: Request) {
        if let Some(user) = request.user() {
            self.clients[user].asked += 1;
            self.clients[user].waits = true;
        }
        match request {
            Request::Hold(..) => self.next_id += 1,
            Request::Cancel(user, id) => {
                self.clients[user].gave_up.insert(id);
            }
            Request::Pay(..) | Request::Sweep => {}
        }
        self.servers[server] = Server::Asked(request);
    }

    fn tell(&mut self, request: &Request, answer: Answer) {
        let Some(user) = request.user() else { return };
        let client = &mut self.clients[user];
        client.waits = false;
        match answer {
            Answer::Held(id) => client.told_held.insert(id),
            Answer::Paid(id) => client.told_paid.insert(id),
            Answer::Cancelled(_) | Answer::Refused => false,
        };
    }

    fn commit(&mut self, writes: Vec<Write>) {
        for write in &writes {
            if let Write::Sell(id, _) = write {
                self.ever_paid.insert(*id);
            }
        }
        self.database.commit(writes);
    }

    fn crash(&mut self, was: &Server) {
        self.crashes += 1;
        let request = match was {
            Server::Idle => return,
            Server::Asked(request) | Server::Decided(request, ..) => request,
            Server::Committed(request, answer) => {
                self.hidden_commit |= *answer != Answer::Refused;
                request
            }
        };
        if let Some(user) = request.user() {
            self.clients[user].waits = false;
        }
    }
}

impl Model for Sale {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![if self.sold {
            World::sold()
        } else {
            World::default()
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let idle = world.servers.iter().position(|s| *s == Server::Idle);
        for (number, server) in world.servers.iter().enumerate() {
            match server {
                // One idle server is like another.
                Server::Idle if idle != Some(number) => {}
                Server::Idle => {
                    let requests = world.requests(*self).into_iter();
                    actions.extend(requests.map(|request| Action::Ask(number, request)));
                }
                Server::Asked(_) if self.locks && world.is_locked() => {}
                Server::Asked(_) => actions.push(Action::Decide(number)),
                Server::Decided(..) => actions.push(Action::Commit(number)),
                Server::Committed(..) => actions.push(Action::Answer(number)),
            }
            if *server != Server::Idle && world.crashes < self.crashes {
                actions.push(Action::Crash(number));
            }
        }
        if world.now < self.end {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        let (Action::Decide(server)
        | Action::Commit(server)
        | Action::Answer(server)
        | Action::Crash(server)) = action
        else {
            match action {
                Action::Ask(server, request) => next.ask(server, request),
                _ => next.now += 1,
            }
            return Some(next);
        };
        let was = std::mem::take(&mut next.servers[server]);
        next.servers[server] = match (action, was) {
            (Action::Decide(_), Server::Asked(request)) => {
                let (answer, writes) = decide(&next.database, next.now, &request);
                if !self.answers_after_commit {
                    next.tell(&request, answer);
                }
                Server::Decided(request, answer, writes)
            }
            (Action::Commit(_), Server::Decided(request, answer, writes)) => {
                next.commit(writes);
                Server::Committed(request, answer)
            }
            (Action::Answer(_), Server::Committed(request, answer)) => {
                next.tell(&request, answer);
                Server::Idle
            }
            (Action::Crash(_), was) => {
                next.crash(&was);
                Server::Idle
            }
            _ => return None,
        };
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
