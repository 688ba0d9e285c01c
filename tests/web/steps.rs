//! The steps of the journey, as a person takes them.

use crate::browser::Browser;

impl Browser {
    /// Gives a name.
    pub async fn sign_up(&self, name: &str) {
        self.write("#name", name).await;
        self.press("#sign-up").await;
        self.there_is("#charge").await;
    }

    /// Charges so many won.
    pub async fn charge(&self, won: u32) {
        self.write("#amount", &won.to_string()).await;
        self.press("#charge").await;
        self.until("document.querySelector('.ledger .figure')")
            .await;
    }

    /// Takes a place in the line.
    pub async fn join(&self) {
        self.go("#/queue").await;
        self.press("#join").await;
    }

    /// Signs up, charges and takes a place; nobody waits.
    pub async fn enter(&self, name: &str, won: u32) {
        self.sign_up(name).await;
        if won > 0 {
            self.charge(won).await;
        }
        self.join().await;
        self.there_is(".poster .art").await;
    }

    /// Goes to the seats of a date.
    pub async fn seats_of(&self, schedule: &str) {
        self.go(&format!("#/dates/{schedule}")).await;
        self.there_is("canvas.hall").await;
        self.until("document.querySelector('canvas.hall').width > 100")
            .await;
    }

    /// Chooses a seat in the rows.
    pub async fn choose(&self, seat: u32) {
        self.press(&format!("[data-seat='{seat}']")).await;
        self.is(seat, "chosen").await;
    }

    /// Waits until a seat is shown so.
    pub async fn is(&self, seat: u32, status: &str) {
        self.there_is(&format!("[data-seat='{seat}'][data-status='{status}']"))
            .await;
    }

    /// Holds what was chosen.
    pub async fn hold(&self) {
        self.press("#hold").await;
        self.there_is("#pay").await;
    }
}
