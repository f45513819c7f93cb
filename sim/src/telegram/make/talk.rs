use super::dice::Dice;

/// What people of a chat speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tongue {
    English,
    Spanish,
    Russian,
    Arabic,
    Chinese,
}

pub(crate) const TONGUES: [Tongue; 5] =
    [Tongue::English, Tongue::Russian, Tongue::Arabic, Tongue::Chinese, Tongue::Spanish];

impl Tongue {
    /// One or two sentences, sometimes with an emoji.
    pub(crate) fn say(self, dice: &mut Dice) -> String {
        let lines = self.lines();
        let mut said = dice.pick(lines).to_owned();
        if dice.one_in(3) {
            said.push(' ');
            said.push_str(dice.pick(lines));
        }
        if dice.one_in(5) {
            said.push(' ');
            said.push_str(dice.pick(&EMOJI));
        }
        said
    }

    /// A few words: a name for a topic, a caption, a choice in a poll.
    pub(crate) fn label(self, dice: &mut Dice) -> String {
        dice.pick(self.labels()).to_owned()
    }

    fn lines(self) -> &'static [&'static str] {
        match self {
            Self::English => &ENGLISH,
            Self::Spanish => &SPANISH,
            Self::Russian => &RUSSIAN,
            Self::Arabic => &ARABIC,
            Self::Chinese => &CHINESE,
        }
    }

    fn labels(self) -> &'static [&'static str] {
        match self {
            Self::English => {
                &["Saturday", "Next week", "The small hall", "Never again", "Coffee first", "Tape 12"]
            }
            Self::Spanish => {
                &["El sábado", "La semana que viene", "La sala pequeña", "Café primero", "Cinta 12"]
            }
            Self::Russian => {
                &["В субботу", "На той неделе", "Малый зал", "Сначала кофе", "Плёнка 12", "Ещё раз"]
            }
            Self::Arabic => &["يوم السبت", "الأسبوع القادم", "القاعة الصغيرة", "القهوة أولاً", "الشريط ١٢"],
            Self::Chinese => &["星期六", "下个星期", "小厅", "先喝咖啡", "第十二盘磁带", "再来一次"],
        }
    }
}

pub(crate) const EMOJI: [&str; 12] = ["👍", "😂", "🔥", "❤️", "👩‍👩‍👧‍👦", "🇪🇸", "🤷🏽‍♀️", "🎧", "📼", "🙏", "😮", "1️⃣"];

/// What one may react with.
pub(crate) const REACTIONS: [&str; 8] = ["👍", "❤", "🔥", "😁", "🤔", "😢", "🎉", "👏"];

const ENGLISH: [&str; 20] = [
    "Did anyone bring the long cable?",
    "The second side sounds much better than the first.",
    "I'll be there at half past seven, traffic allowing.",
    "Can you send me the recording from Tuesday?",
    "Found the box in the attic, all forty cassettes are in it.",
    "No, the other one, with the blue label.",
    "That makes sense.",
    "We should have started an hour ago.",
    "Thanks, that fixed it.",
    "Who has the key to the rehearsal room?",
    "It rained the whole way back, but the tapes stayed dry.",
    "My train is late again, start without me.",
    "ok",
    "Listen to this when you have a quiet minute.",
    "I would rather wait until the prices come down a little.",
    "She said yes!",
    "The heads need cleaning before we digitise the rest.",
    "Lunch at the usual place?",
    "Let me check and get back to you tomorrow morning.",
    "Nobody told me it was a costume party.",
];

const SPANISH: [&str; 12] = [
    "¿Alguien trajo el cable largo?",
    "La cara B suena mucho mejor que la A.",
    "Llego a las siete y media, si el tráfico quiere.",
    "¿Me mandas la grabación del martes?",
    "Encontré la caja en el desván, están las cuarenta cintas.",
    "No, la otra, la de la etiqueta azul.",
    "Tiene sentido.",
    "Mañana a primera hora te digo.",
    "¡Qué bien! Enhorabuena.",
    "Llovió todo el camino, pero las cintas llegaron secas.",
    "¿Comemos donde siempre?",
    "Gracias, ya funciona.",
];

const RUSSIAN: [&str; 14] = [
    "Кто-нибудь взял длинный кабель?",
    "Вторая сторона звучит гораздо лучше первой.",
    "Буду в половине восьмого, если не встану в пробке.",
    "Пришли, пожалуйста, запись со вторника.",
    "Нашла коробку на чердаке, все сорок кассет на месте.",
    "Нет, другую, с синей наклейкой.",
    "Логично.",
    "Спасибо, помогло!",
    "У кого ключ от репетиционной?",
    "Всю дорогу лил дождь, но плёнки сухие.",
    "Поезд опять опаздывает, начинайте без меня.",
    "ок",
    "Послушай, когда будет тихая минута.",
    "Обедаем там же, где обычно?",
];

const ARABIC: [&str; 10] = [
    "هل أحضر أحدكم السلك الطويل؟",
    "الوجه الثاني صوته أفضل بكثير من الأول.",
    "سأصل في السابعة والنصف إن شاء الله.",
    "أرسل لي تسجيل يوم الثلاثاء من فضلك.",
    "وجدت الصندوق في العلية وفيه الأشرطة الأربعون كلها.",
    "لا، الآخر ذو الملصق الأزرق.",
    "كلام معقول.",
    "شكراً، تم إصلاحه.",
    "من معه مفتاح قاعة التدريب؟",
    "القطار متأخر مرة أخرى، ابدؤوا من دوني.",
];

const CHINESE: [&str; 10] = [
    "有人带了那根长线吗？",
    "第二面比第一面好听多了。",
    "不堵车的话我七点半到。",
    "能把星期二的录音发给我吗？",
    "我在阁楼找到了箱子，四十盘磁带都在。",
    "不是那个，是贴蓝色标签的那个。",
    "有道理。",
    "谢谢，修好了。",
    "排练室的钥匙在谁那儿？",
    "火车又晚点了，你们先开始吧。",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tongue_talks() {
        for tongue in TONGUES {
            let mut dice = Dice::at(1, &[]);
            let said: std::collections::HashSet<String> = (0..60).map(|_| tongue.say(&mut dice)).collect();
            assert!(said.len() > 15, "{tongue:?}");
            assert!(!tongue.label(&mut dice).is_empty());
        }
    }
}
