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
        let mut said = self.sentence(dice);
        if dice.one_in(3) {
            said.push(' ');
            said.push_str(&self.sentence(dice));
        }
        if dice.one_in(5) {
            said.push(' ');
            said.push_str(dice.pick(&EMOJI));
        }
        said
    }

    /// A few words: a name for a topic, a caption, a choice in a poll.
    pub(crate) fn label(self, dice: &mut Dice) -> String {
        dice.pick(self.words().labels).to_owned()
    }

    /// What a group or channel is called.
    pub(crate) fn titles(self) -> &'static [&'static str] {
        self.words().titles
    }

    fn sentence(self, dice: &mut Dice) -> String {
        let words = self.words();
        let mut said = String::new();
        let mut pieces = dice.pick(words.lines).split('%');
        said.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let (slot, rest) = piece.split_at(piece.len().min(1));
            match slot {
                "t" => said.push_str(dice.pick(words.times)),
                "x" => said.push_str(dice.pick(words.things)),
                _ => said.push_str(&dice.between(2, 40).to_string()),
            }
            said.push_str(rest);
        }
        said
    }

    fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Spanish => &SPANISH,
            Self::Russian => &RUSSIAN,
            Self::Arabic => &ARABIC,
            Self::Chinese => &CHINESE,
        }
    }
}

/// What can be said in one language. In lines, `%t` is a time, `%x` a thing, `%n` a number.
struct Words {
    lines: &'static [&'static str],
    times: &'static [&'static str],
    things: &'static [&'static str],
    labels: &'static [&'static str],
    titles: &'static [&'static str],
}

pub(crate) const EMOJI: [&str; 12] = ["👍", "😂", "🔥", "❤️", "👩‍👩‍👧‍👦", "🇪🇸", "🤷🏽‍♀️", "🎧", "📼", "🙏", "😮", "1️⃣"];

/// What one may react with.
pub(crate) const REACTIONS: [&str; 8] = ["👍", "❤", "🔥", "😁", "🤔", "😢", "🎉", "👏"];

const ENGLISH: Words = Words {
    lines: &[
        "Did anyone bring %x?",
        "The second side sounds much better than the first.",
        "I'll be there %t, traffic allowing.",
        "Can you send me the recording of last night?",
        "Found %x in the attic, with %n cassettes.",
        "No, the other one, with the blue label.",
        "That makes sense.",
        "We should have started an hour ago.",
        "Thanks, that fixed %x.",
        "Who has the key to the rehearsal room %t?",
        "It rained the whole way back, but the tapes stayed dry.",
        "My train is late again, start without me.",
        "ok",
        "Listen to this when you have a quiet minute.",
        "I would rather borrow one than pay %n for %x.",
        "She said yes!",
        "The heads need cleaning before we digitise the other %n.",
        "Lunch at the usual place %t?",
        "Let me check %x and get back to you %t.",
        "Nobody told me it was a costume party.",
        "%n people so far, room for a few more.",
        "Where did we leave %x?",
        "See you %t then.",
        "Ha, I knew it.",
        "Could somebody water the plants %t?",
        "The neighbour asked about %x again.",
    ],
    times: &[
        "tomorrow",
        "at half past seven",
        "on Tuesday",
        "after work",
        "this weekend",
        "in the morning",
        "tonight",
    ],
    things: &[
        "the long cable",
        "the box with the labels",
        "the old recorder",
        "the spare fuse",
        "the blue tape",
        "the invitation",
        "my umbrella",
        "the projector",
    ],
    labels: &["Saturday", "Next week", "The small hall", "Never again", "Coffee first", "Tape 12"],
    titles: &[
        "Tape club",
        "Family",
        "Rehearsal room",
        "Weekend in the hills",
        "Book club",
        "Repair café",
        "Choir",
    ],
};

const SPANISH: Words = Words {
    lines: &[
        "¿Alguien trajo %x?",
        "La cara B suena mucho mejor que la A.",
        "Llego %t, si el tráfico quiere.",
        "¿Me mandas la grabación de ayer?",
        "Encontré %x en el desván, con %n cintas.",
        "No, la otra, la de la etiqueta azul.",
        "Tiene sentido.",
        "Te digo algo %t.",
        "¡Qué bien! Enhorabuena.",
        "Llovió todo el camino, pero las cintas llegaron secas.",
        "¿Comemos %t donde siempre?",
        "Gracias, ya funciona %x.",
        "Somos %n, ¿alguien más?",
        "¿Quién tiene la llave?",
        "Vale, nos vemos %t.",
        "El vecino preguntó otra vez por %x.",
    ],
    times: &[
        "mañana",
        "a las siete y media",
        "el martes",
        "después del trabajo",
        "el fin de semana",
        "esta noche",
    ],
    things: &[
        "el cable largo",
        "la caja de etiquetas",
        "la grabadora vieja",
        "la cinta azul",
        "el proyector",
    ],
    labels: &["El sábado", "La semana que viene", "La sala pequeña", "Café primero", "Cinta 12"],
    titles: &["Vecinos", "La peña de las cintas", "Ensayos", "Noticias del barrio", "Primos", "Excursiones"],
};

const RUSSIAN: Words = Words {
    lines: &[
        "Кто-нибудь взял %x?",
        "Вторая сторона звучит гораздо лучше первой.",
        "Буду %t, если не встану в пробке.",
        "Пришли, пожалуйста, вчерашнюю запись.",
        "На чердаке нашлось: %x и ещё %n кассет.",
        "Нет, другую, с синей наклейкой.",
        "Логично.",
        "Спасибо, помогло!",
        "У кого ключ от репетиционной %t?",
        "Всю дорогу лил дождь, но плёнки сухие.",
        "Поезд опять опаздывает, начинайте без меня.",
        "ок",
        "Послушай, когда будет тихая минута.",
        "Обедаем %t там же, где обычно?",
        "Нас уже %n, места ещё есть.",
        "А где %x?",
        "Тогда до встречи, увидимся %t.",
    ],
    times: &["завтра", "в половине восьмого", "во вторник", "после работы", "на выходных", "утром"],
    things: &[
        "длинный кабель",
        "коробка с наклейками",
        "старый магнитофон",
        "синяя плёнка",
        "зонт",
        "проектор",
    ],
    labels: &["В субботу", "На той неделе", "Малый зал", "Сначала кофе", "Плёнка 12", "Ещё раз"],
    titles: &["Соседи", "Новости района", "Кино по пятницам", "Клуб плёнки", "Дача", "Репетиция"],
};

const ARABIC: Words = Words {
    lines: &[
        "هل أحضر أحدكم %x؟",
        "الوجه الثاني صوته أفضل بكثير من الأول.",
        "سأصل %t إن شاء الله.",
        "أرسل لي تسجيل الأمس من فضلك.",
        "وجدت %x في العلية ومعه %n شريطاً.",
        "لا، الآخر ذو الملصق الأزرق.",
        "كلام معقول.",
        "شكراً، تم إصلاحه.",
        "من معه مفتاح قاعة التدريب %t؟",
        "القطار متأخر مرة أخرى، ابدؤوا من دوني.",
        "نحن %n حتى الآن.",
        "أين تركنا %x؟",
        "نلتقي %t.",
    ],
    times: &["غداً", "في السابعة والنصف", "يوم الثلاثاء", "بعد العمل", "في الصباح"],
    things: &["السلك الطويل", "صندوق الملصقات", "المسجل القديم", "الشريط الأزرق", "المظلة"],
    labels: &["يوم السبت", "الأسبوع القادم", "القاعة الصغيرة", "القهوة أولاً", "الشريط ١٢"],
    titles: &["العائلة", "أخبار المدينة", "نادي الأشرطة", "الجيران", "رحلات", "قاعة التدريب"],
};

const CHINESE: Words = Words {
    lines: &[
        "有人带了%x吗？",
        "第二面比第一面好听多了。",
        "不堵车的话我%t到。",
        "能把昨天的录音发给我吗？",
        "我在阁楼找到了%x，还有%n盘磁带。",
        "不是那个，是贴蓝色标签的那个。",
        "有道理。",
        "谢谢，修好了。",
        "%t排练室的钥匙在谁那儿？",
        "火车又晚点了，你们先开始吧。",
        "现在有%n个人，还可以再来几个。",
        "%x放在哪儿了？",
        "那就%t见。",
    ],
    times: &["明天", "七点半", "星期二", "下班以后", "周末", "早上"],
    things: &["那根长线", "标签盒", "旧录音机", "蓝色磁带", "雨伞", "投影仪"],
    labels: &["星期六", "下个星期", "小厅", "先喝咖啡", "第十二盘磁带", "再来一次"],
    titles: &["磁带新闻", "电影之夜", "家人", "邻居", "读书会", "周末爬山"],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tongue_talks() {
        for tongue in TONGUES {
            let mut dice = Dice::at(1, &[]);
            let said: std::collections::HashSet<String> = (0..60).map(|_| tongue.say(&mut dice)).collect();
            assert!(said.len() > 40, "{tongue:?}");
            assert!(said.iter().all(|said| !said.contains('%')), "{said:?}");
            assert!(!tongue.label(&mut dice).is_empty());
        }
    }
}
