"""The genres and their descent, as text. Spellings follow MusicBrainz' genre list."""

# Indentation is descent; a genre may stand under several parents. After a slash: other spellings.
TREE = """
rock
  alternative rock / alternative, alt rock, alt-rock
    britpop / brit pop
    college rock
    dream pop / dreampop
    grunge
      post-grunge
    indie rock
      math rock
      midwest emo
      slowcore / sadcore
    madchester
    noise rock
    post-rock / postrock
    shoegaze / shoegazing
    gothic rock / goth rock, goth
    paisley underground
    jangle pop
    neo-psychedelia
  art rock
  blues rock
  classic rock
  country rock
  folk rock
    americana
    anatolian rock
  garage rock
    garage punk
    garage rock revival
  glam rock / glam
  hard rock
    arena rock / aor
    stoner rock
  heartland rock
  instrumental rock
    surf rock / surf
  krautrock
  latin rock
  pop rock
    power pop
    soft rock
      yacht rock
  progressive rock / prog rock, prog
    canterbury scene
    symphonic rock
  psychedelic rock
    acid rock
    space rock
  punk / punk rock
    emo
      screamo
    hardcore punk / hardcore
      melodic hardcore
      post-hardcore
    pop punk / pop-punk
    ska punk
    skate punk
    oi
    post-punk / postpunk
      coldwave / cold wave
      no wave
      post-punk revival
    new wave
    folk punk
      celtic punk
    riot grrrl
    psychobilly
  rock and roll / rock & roll, rock 'n' roll
    rockabilly
  roots rock
  southern rock
  visual kei
  experimental rock
metal / heavy metal
  alternative metal
    nu metal / nu-metal
    rap metal
  black metal
    atmospheric black metal
    blackgaze
  death metal
    melodic death metal
    technical death metal
    brutal death metal
  doom metal
    funeral doom metal / funeral doom
    sludge metal / sludge
    stoner metal
  drone metal
  folk metal
    viking metal
    pagan metal
  glam metal / hair metal
  gothic metal
  grindcore
  groove metal
  industrial metal
  metalcore
    deathcore
    mathcore
  post-metal
  power metal
  progressive metal
    djent
  speed metal
  symphonic metal
  thrash metal / thrash
electronic / electronica, electro
  ambient
    dark ambient
    drone
    space ambient
    ambient techno
  breakbeat
    big beat
    nu skool breaks
  chillout / chill out, chill-out
    chillwave
    lounge
  downtempo
    trip hop / trip-hop
  drum and bass / drum & bass, dnb, drum n bass
    jungle
    liquid funk
  dub techno
  dubstep
    post-dubstep
    brostep
  edm / dance
    electro house
    future bass
    trap edm
  electroclash
  electro swing
  footwork
    juke
  glitch
    glitch hop
  hardcore techno
    gabber
    hardstyle
  house
    acid house
    chicago house
    deep house
    french house
    microhouse
    progressive house
    tech house
    tropical house
    uk garage / garage
      2-step
      grime
  idm / intelligent dance music
    braindance
  industrial
    ebm / electronic body music
    electro-industrial
    power electronics
    industrial rock
  leftfield
  plunderphonics
  synthwave
    darkwave
    vaporwave
  techno
    acid techno
    detroit techno
    minimal techno
  trance
    goa trance
    progressive trance
    psytrance / psychedelic trance
    vocal trance
  synth-pop / synthpop, electropop, electro-pop
  folktronica
  indietronica
  nu jazz
  berlin school / progressive electronic
  musique concrète
  noise
    harsh noise
    japanoise
pop
  adult contemporary
  art pop
  baroque pop
    chamber pop
  bubblegum pop
  city pop
  dance-pop / dance pop
    eurodance
    europop
    disco
      italo-disco / italo disco
      nu-disco / nu disco
  dream pop
  electropop
    synth-pop
    hyperpop
  folk pop
  french pop
    chanson
    yé-yé
  indie pop
    bedroom pop
    twee pop
    jangle pop
  j-pop / jpop
    shibuya-kei
  k-pop / kpop
  latin pop
  mandopop / c-pop
    cantopop
  new romantic
  pop rock
  pop soul
  psychedelic pop
  sophisti-pop
  sunshine pop
  teen pop
  traditional pop
    vocal / easy listening
hip hop / hip-hop, rap, hiphop
  abstract hip hop
  alternative hip hop
  boom bap
  cloud rap
  conscious hip hop
  east coast hip hop
  experimental hip hop
  gangsta rap
  g-funk
  grime
  hardcore hip hop
  horrorcore
  instrumental hip hop
    lo-fi hip hop
  jazz rap
  political hip hop
  pop rap
  southern hip hop
    crunk
  trap
    drill
  turntablism
  underground hip hop
  west coast hip hop
soul and r&b / rnb
  r&b / rhythm and blues
    alternative r&b
    contemporary r&b
    new jack swing
    doo-wop / doo wop
  soul
    motown
    neo soul / neo-soul
    northern soul
    philly soul
    psychedelic soul
    southern soul
    smooth soul
    blue-eyed soul
  funk
    p-funk
    funk rock
    afrofunk
    go-go
  gospel
jazz
  acid jazz
  afro-cuban jazz
  avant-garde jazz
    free jazz
    free improvisation
  bebop
    hard bop
    post-bop
  big band
    swing
  cool jazz
  dixieland
  gypsy jazz
  jazz fusion / fusion
    jazz-funk / jazz funk
    jazz rock
  latin jazz
  modal jazz
  nu jazz
  smooth jazz
  soul jazz
  spiritual jazz
  vocal jazz
  bossa nova
  ethio-jazz
blues
  acoustic blues
  blues rock
  chicago blues
  country blues
  delta blues
  electric blues
  jump blues
  soul blues
folk
  acoustic
  american primitive guitar
  anti-folk
  celtic
    irish folk
  chamber folk
  contemporary folk
  dark folk
    neofolk
  folk rock
  freak folk
    new weird america
  indie folk
  psychedelic folk
  singer-songwriter / singer songwriter
  traditional folk
  british folk
  nordic folk
country
  alt-country / alternative country
  americana
  bluegrass
    progressive bluegrass
  classic country
  country pop
  country rock
  honky tonk
  outlaw country
  western swing
classical
  baroque
  romantic classical / romantic
  modern classical / contemporary classical, neoclassical, neo-classical
    minimalism
    post-minimalism
  impressionism
  chamber music
  choral
  early music
    renaissance
  medieval
  opera
  orchestral
  serialism
  avant-garde
  piano
soundtrack / film score, score
  musical
  video game music
    chiptune / 8-bit
reggae
  dancehall
  dub
  lovers rock
  rocksteady
  roots reggae
  ska
    2 tone
  ragga
latin
  bachata
  bossa nova
  cumbia
  flamenco
  latin jazz
  latin pop
  mariachi
  merengue
  mpb / música popular brasileira
    tropicália
  reggaeton
  salsa
  samba
  son cubano
  tango
  fado
world / world music
  african
    afrobeat
    afrobeats
    desert blues / tuareg music
    highlife
    mbalax
    soukous
  arabic music
    rai
  balkan
  indian classical
    raga
  bollywood
  klezmer
  gamelan
  qawwali
  throat singing
  polka
experimental
  avant-garde
  electroacoustic
  field recordings
  sound collage
  lowercase
  noise
  drone
new age
  healing
spoken word
  comedy
  audiobook
children's music
"""
